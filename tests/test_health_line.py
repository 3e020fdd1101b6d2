from __future__ import annotations

from backprop_tui.engine.health import Finding, Trouble
from backprop_tui.tui.widgets.health_line import HealthLine

from .hosts import Hosted, host

ROSE = Finding(Trouble.LOSS_RISES, 3, "E", (0, 0), "E rose by 0.1 to 0.9.")
DEAD = Finding(Trouble.DEAD, 3, "dh/dp", (0, 1), "Unit 1 of h is dead.")


def told(line: HealthLine, *findings: Finding) -> str:
    async def steps(running: Hosted) -> str:
        line.show(findings)
        await running.settled()
        return running.text().strip()

    return host(line, steps)


def test_nothing_is_shown_where_all_is_well() -> None:
    assert told(HealthLine()) == ""


def test_one_finding_is_shown_with_the_key_that_goes_there() -> None:
    assert told(HealthLine("e"), ROSE) == "! E rose by 0.1 to 0.9. e goes there"


def test_of_several_the_first_is_shown_and_counted() -> None:
    assert told(HealthLine(), ROSE, DEAD) == "! E rose by 0.1 to 0.9. (1 of 2)"


def test_it_hides_again_when_all_is_well() -> None:
    line = HealthLine()

    async def steps(running: Hosted) -> str:
        for findings in ([ROSE], []):
            line.show(findings)
            await running.settled()
        return running.text().strip()

    assert host(line, steps) == ""


def test_choosing_asks_for_one_place_after_another() -> None:
    line = HealthLine()

    async def steps(running: Hosted) -> tuple[list[Finding], str]:
        line.show([ROSE, DEAD])
        await running.settled()
        await running.pilot.click(HealthLine)
        for _ in range(2):
            line.show([ROSE, DEAD])
            line.choose()
            await running.settled()
        return [message.finding for message in running.sent(HealthLine.Chosen)], running.text().strip()

    chosen, shown = host(line, steps)
    assert chosen == [ROSE, DEAD, ROSE]
    assert shown.startswith("! E rose")


def test_other_findings_begin_with_the_first_again() -> None:
    line = HealthLine()

    async def steps(running: Hosted) -> str:
        line.show([ROSE, DEAD])
        line.choose()
        line.choose()
        line.show([DEAD])
        await running.settled()
        return running.text().strip()

    assert host(line, steps) == "! Unit 1 of h is dead."


def test_choosing_where_all_is_well_asks_for_nothing() -> None:
    line = HealthLine()

    async def steps(running: Hosted) -> list[HealthLine.Chosen]:
        line.choose()
        await running.settled()
        return running.sent(HealthLine.Chosen)

    assert host(line, steps) == []

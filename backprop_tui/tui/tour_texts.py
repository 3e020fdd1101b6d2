"""What the tour says at each of its stops.

``{name}`` is the quantity and ``{formula}`` its equation; ``{of}`` and ``{by}`` are the two quantities of a derivative;
``{value}`` is the quantity's upper left number, ``{first}`` the entry of `by` that it belongs to. What else stands in
braces is said by `tour`, which fills it all in.
"""

INPUT = (
    "{name} is what the network is given, one row for each sample: here {rows} of {entries}. "
    "The network turns them into outputs; training makes these better."
)
WEIGHTED = "{formula}. Every number here is a row times a column, summed.{learned}"
LEARNED = " {parameters} what the network learns."
BENT = "{formula}. A function bends the sums. Without a bend, two layers could do no more than one."
LOSS = (
    "{formula} = {value}: one number that says how wrong the outputs are. Training makes it smaller. "
    "But which way should each weight go? The backward pass answers that."
)
ADJOINT = (
    "Begin at the end. {name} is how much {of} changes, per unit, when {by} changes by a little. "
    "For {first} it is {value}: raise that, and {of} {goes}."
)
LOCAL = (
    "One step further back: how much does {of} change, per unit, when {by} does? That is a local derivative. "
    "It knows one step of the forward pass and nothing else of the network."
)
CHAIN = "Multiply the two, that is the chain rule. "
SIGNAL = (
    "{chain}{name}, the error signal, is how much {of} changes when {by} changes by a little, per unit. "
    "Raise {first} by {nudge}, and {of} should change by about {expected}. Tried, it changes by {tried}."
)
GRADIENT = (
    "{formula}. This is what we are after, a gradient: for each entry of {by}, how much {of} changes with it, "
    "per unit. So it has the shape of {by}, {shape}."
)
SENT_BACK = (
    "{formula}. The error goes on, back to {by}, by the way that {by} went forward. "
    "An entry of {by} moves several others; what it does to each of them adds up."
)
FIRST_LAYER = "{formula}. The same rule, a layer earlier. However deep a network is, it is only this, repeated."
UPDATE = (
    "{formula}. A gradient points uphill, so step the other way; {rate} sets how far. "
    "{first} goes from {before} to {value}."
)
AGAIN = (
    "Forward once more, with the new weights: {name} = {value}, it {moved} by {change}{beside}. "
    "Do this a thousand times, that is training.{recalled}"
)
RECALLED = " And {name}? How much {of} changes, per unit, when {by} changes by a little."

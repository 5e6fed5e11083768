"""The cyclic garbage collector of a process that works through many rows: it looks less often."""

import gc

# Python's 700 made it walk all of a batch's objects again and again: a sixth of an order's time.
_OBJECTS_BEFORE_A_LOOK = 50_000


def calm() -> None:
    """Leave what is loaded by now out of every look, and look only after many new objects.

    Call once, when the modules are imported. Rows, entries and plans are freed by their counts;
    only cycles wait for a look.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK, 20, 50)

"""The whole product on one machine: servers, stand-ins, our processes, and a shop with a past.

Nothing of it survives the end: each start is a fresh world.
"""

from sandbox.demo.run import run

__all__ = ["run"]

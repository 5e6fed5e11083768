"""What we use of scipy, loaded at the first call.

The invariant: who only reads what a model left never loads it. Pages do just that, and each of
the processes that serve them would pay for scipy with its start and its memory.
"""

from importlib import import_module
from typing import Any


class _Late:
    """A function of scipy by its name."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return getattr(import_module(self._module), self._name)(*arguments, **options)


digamma, expit, gammaln, log_expit, logit = (
    _Late("scipy.special", name) for name in ("digamma", "expit", "gammaln", "log_expit", "logit")
)
eigh_tridiagonal = _Late("scipy.linalg", "eigh_tridiagonal")
isotonic_regression = _Late("scipy.optimize", "isotonic_regression")
minimize = _Late("scipy.optimize", "minimize")

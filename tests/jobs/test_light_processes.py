"""What processes that fit no model leave out: scipy costs each its start and its memory."""

import json
import subprocess
import sys

import numpy as np

from loyalty.insights import model
from loyalty.insights.frequencies import summarise
from tests.jobs.processes import ROOT
from tests.loyalty.insights import simulation

_PAGES = """
import json, sys
import app
import numpy as np
from loyalty.insights.bgnbd import probability_alive
from loyalty.insights.model import ShopModel
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.insight.figures import show_accuracy, show_model

loaded = ["scipy" in sys.modules]
found, words = ShopModel.from_stored(json.load(sys.stdin)), ShopFormat.of("en", "Europe/Madrid")
assert show_accuracy(found.accuracy, "EUR", words).bins and show_model(found, "EUR", words)
loaded.append("scipy" in sys.modules)
probability_alive(found.purchases, *np.array([[1.0], [2.0], [3.0]]))
print(*loaded, "scipy" in sys.modules)
"""

_FITTING = """
import sys
from loyalty.insights import model
from loyalty.insights.frequencies import summarise
from tests.loyalty.insights import simulation

everyone = simulation.shop(3_000, history_days=400)
assert model.fit(everyone, summarise(everyone)).accuracy is not None
print("scipy.optimize" in sys.modules, "scipy.stats" in sys.modules)
"""


def test_app_and_its_pages_load_no_scipy_but_the_models_do() -> None:
    everyone = simulation.shop(3_000, history_days=400)
    fitted = model.fit(everyone, summarise(everyone))
    assert fitted.accuracy is not None and np.isfinite(fitted.scale)

    said = subprocess.run(
        [sys.executable, "-c", _PAGES],
        input=json.dumps(fitted.as_stored()),
        cwd=ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
        capture_output=True,
        check=True,
    )

    assert said.stdout.split() == ["False", "False", "True"]


def test_a_run_does_without_the_heaviest_part_of_scipy() -> None:
    said = subprocess.run(
        [sys.executable, "-c", _FITTING],
        cwd=ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
        capture_output=True,
        check=True,
    )

    assert said.stdout.split() == ["True", "False"]

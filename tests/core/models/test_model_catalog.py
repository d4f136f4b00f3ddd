"""The catalogue: what it states is true of the networks it builds, and listing it is cheap."""

import subprocess
import sys

import pytest

from core.errors import UsageError
from core.models.catalog import MODELS, get_model_spec
from core.models.summary import count_parameters

PUBLISHED_PARAMETERS = {
    "compact-13k": 13_244,
    "compact-6k": 6_716,
    "tinyvgg-sgd": 17_120,
    "hybrid-cnn": 2_874_869,
    "hybrid-cnn-tuned": 477_738,
    "s5-baseline": 593_200,
}


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_parameters_are_as_stated(spec):
    assert count_parameters(spec.build()) == spec.parameters


def test_parameters_are_as_published():
    assert {name: get_model_spec(name).parameters for name in PUBLISHED_PARAMETERS} == PUBLISHED_PARAMETERS


def test_names_are_unique():
    assert len({spec.name for spec in MODELS}) == len(MODELS) >= 12


def test_unknown_name_lists_the_valid_ones():
    with pytest.raises(UsageError) as caught:
        get_model_spec("lenet-9000")
    message = str(caught.value)
    assert "'lenet-9000'" in message
    assert all(spec.name in message for spec in MODELS)


def test_listing_imports_no_torch():
    code = "import sys, core.models.catalog; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

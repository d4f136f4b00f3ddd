"""Every network of the catalogue: shapes, gradients, determinism, settings, storage, and that it can learn."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from core.models.catalog import MODELS
from core.models.summary import count_parameters

LABELS = torch.arange(32) % 10


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Networks this small run no faster on several threads, and fight for the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def images():
    return torch.randn(32, 1, 28, 28, generator=torch.Generator().manual_seed(5))


@pytest.fixture(params=MODELS, ids=lambda spec: spec.name)
def spec(request):
    return request.param


def build(spec, seed=0, **settings):
    torch.manual_seed(seed)
    return spec.build(**settings)


def list_learned(net):
    return [(name, p) for name, p in net.named_parameters() if p.requires_grad]


def without_dropout(spec):
    return {"dropout": 0.0} if "dropout" in spec.settings else {}


def test_logits_have_ten_columns(spec, images):
    logits = build(spec)(images)
    assert logits.shape == (32, 10)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


def test_overfits_32_images(spec, images):
    net = build(spec, **without_dropout(spec))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    for _ in range(150):
        loss = cross_entropy(net(images), LABELS)
        if loss.item() < 0.2:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2


def test_gradients_reach_every_parameter(spec, images):
    net = build(spec, **without_dropout(spec))
    cross_entropy(net(images), LABELS).backward()
    unreached = [name for name, p in list_learned(net) if p.grad is None or not p.grad.abs().sum() > 0]
    assert unreached == []


def test_safetensors_round_trip_gives_the_same_logits(spec, images, tmp_path):
    net = build(spec, seed=1)
    net(images)  # moves batch norm's running statistics off their initial values
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    other = build(spec, seed=2)
    other.load_state_dict(load_file(tmp_path / "net.safetensors"))
    assert torch.equal(net.eval()(images), other.eval()(images))


def test_same_seed_same_weights_and_loss(spec, images):
    losses, weights = [], []
    for seed in (3, 3, 4):
        net = build(spec, seed=seed)
        losses.append(cross_entropy(net(images), LABELS).item())
        weights.append(torch.cat([p.detach().flatten() for p in net.parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert losses[0] == losses[1]
    assert not torch.equal(weights[0], weights[2])
    assert losses[0] != losses[2]


def taking(setting):
    chosen = [spec for spec in MODELS if setting in spec.settings]
    return pytest.mark.parametrize("chosen", chosen, ids=lambda spec: spec.name)


@taking("width")
def test_width_scales_the_network(chosen, images):
    counts = {}
    for width in (0.25, 0.5, 1.0, 1.5):
        net = build(chosen, width=width)
        assert net(images).shape == (32, 10)
        counts[width] = count_parameters(net)
    assert counts[0.25] < counts[0.5] < counts[1.0] < counts[1.5]


@taking("dropout")
def test_dropout_acts_in_training_alone(chosen, images):
    net = build(chosen, dropout=0.3)
    assert not torch.equal(net(images), net(images))
    net.eval()
    assert torch.equal(net(images), net(images))
    off = build(chosen, dropout=0.0)
    assert torch.equal(off(images), off(images))


@taking("dropout")
def test_dropout_sets_every_dropout_layer(chosen):
    rates = [layer.p for layer in build(chosen, dropout=0.3).modules() if type(layer).__name__.startswith("Dropout")]
    assert rates
    assert set(rates) == {0.3}


def test_networks_without_the_dropout_setting_have_no_dropout():
    for spec in MODELS:
        has_dropout = any(type(layer).__name__.startswith("Dropout") for layer in spec.build().modules())
        assert has_dropout == ("dropout" in spec.settings), spec.name


def test_published_dropout_rates_are_kept():
    rates = {
        spec.name: [layer.p for layer in spec.build().modules() if type(layer).__name__.startswith("Dropout")]
        for spec in MODELS
        if spec.name in ("hybrid-cnn", "hybrid-cnn-tuned")
    }
    assert rates == {"hybrid-cnn": [0.4, 0.2, 0.6, 0.3, 0.15], "hybrid-cnn-tuned": [0.4, 0.2, 0.5, 0.3, 0.15]}


def test_single_image_and_channels_last_agree_with_the_batch(spec, images):
    net = build(spec).eval()
    logits = net(images)
    torch.testing.assert_close(net(images[:1]), logits[:1])
    net = net.to(memory_format=torch.channels_last)
    torch.testing.assert_close(net(images.to(memory_format=torch.channels_last)), logits)

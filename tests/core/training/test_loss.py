import pytest
import torch

from core.config import LossConfig
from core.training.loss import compute_loss, compute_taught_loss

LOGITS = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]))
LABELS = torch.tensor([0, 1])


def test_cross_entropy_by_hand():
    expected = -(torch.log(torch.tensor(0.7)) + torch.log(torch.tensor(0.1))) / 2
    assert compute_loss(LOGITS, LABELS, LossConfig()).item() == pytest.approx(expected.item(), rel=1e-5)


def test_focal_plays_down_the_easy_digit():
    loss = compute_loss(LOGITS, LABELS, LossConfig(name="focal", focal_gamma=2.0)).item()
    by_hand = [0.3**2 * -torch.log(torch.tensor(0.7)).item(), 0.9**2 * -torch.log(torch.tensor(0.1)).item()]
    assert loss == pytest.approx(sum(by_hand) / 2, rel=1e-5)


def test_focal_with_gamma_zero_is_cross_entropy():
    focal = compute_loss(LOGITS, LABELS, LossConfig(name="focal", focal_gamma=0.0))
    assert focal.item() == pytest.approx(compute_loss(LOGITS, LABELS, LossConfig()).item(), rel=1e-5)


def test_squared_error_by_hand():
    loss = compute_loss(LOGITS, LABELS, LossConfig(name="squared-error")).item()
    by_hand = [0.3**2 + 0.2**2 + 0.1**2, 0.1**2 + 0.9**2 + 0.8**2]
    assert loss == pytest.approx(sum(by_hand) / 2, rel=1e-5)


def test_squared_error_smooths_towards_even_odds():
    config = LossConfig(name="squared-error", label_smoothing=0.3)
    loss = compute_loss(LOGITS[:1], LABELS[:1], config).item()
    assert loss == pytest.approx((0.7 - 0.8) ** 2 + (0.2 - 0.1) ** 2 + 0.0, rel=1e-4)


TAUGHT = torch.log(torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]]))


def test_a_teacher_s_share_by_hand():
    config = LossConfig(teacher="x", teacher_share=0.75, temperature=1.0)
    divergence = (TAUGHT.exp() * (TAUGHT - LOGITS)).sum(1).mean().item()
    labels = compute_loss(LOGITS, LABELS, config).item()
    taught = compute_taught_loss(LOGITS, LABELS, TAUGHT, config).item()
    assert taught == pytest.approx(0.75 * divergence + 0.25 * labels, rel=1e-5)


def test_a_pupil_that_says_the_same_has_nothing_to_learn():
    config = LossConfig(teacher="x", teacher_share=1.0, temperature=3.0)
    assert compute_taught_loss(TAUGHT + 5, LABELS, TAUGHT, config).item() == pytest.approx(0, abs=1e-6)


def test_gradients_weigh_about_as_much_at_any_temperature():
    norms = []
    for temperature in (5.0, 20.0):
        logits = LOGITS.clone().requires_grad_()
        config = LossConfig(teacher="x", teacher_share=1.0, temperature=temperature)
        compute_taught_loss(logits, LABELS, TAUGHT, config).backward()
        norms.append(logits.grad.norm().item())
    assert norms[0] == pytest.approx(norms[1], rel=0.1)

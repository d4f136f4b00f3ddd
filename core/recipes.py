"""Named starting points: each a full TrainConfig with its source and the figure its source claims."""

from __future__ import annotations

from dataclasses import dataclass

from core.config import (
    AugmentConfig,
    DataConfig,
    LoopConfig,
    LossConfig,
    ModelConfig,
    OptimizerConfig,
    RuntimeConfig,
    ScheduleConfig,
    TrainConfig,
)
from core.errors import UsageError


@dataclass(frozen=True)
class Recipe:
    """A config worth a name.

    Attributes:
        name: what the command line and run ids call it.
        about: one or two sentences for a person choosing.
        source: who published it, "" if it is this project's own.
        claimed: test accuracy its source reports, a fraction; None if it reports none. Nearly always one run.
        config: the settings, as published where it has a source.
        improves: name of the published recipe that it is to beat with as many parameters and epochs at most; None if it
            is no such attempt. Its settings may be chosen by validation, never on the test digits.
    """

    name: str
    about: str
    source: str
    claimed: float | None
    config: TrainConfig
    improves: str | None = None


_NO_SCALING = DataConfig(normalize_mean=0.0, normalize_std=1.0)
# Fused: the same steps but for rounding, sooner.
_ADAM = OptimizerConfig(name="adam", learning_rate=0.001, fused=True)
_DRAWING_SETTINGS = {
    "model": ModelConfig(name="sprint"),
    "optimizer": OptimizerConfig(name="adam", learning_rate=0.01, beta1=0.7, beta2=0.9),
    "schedule": ScheduleConfig(name="one-cycle", warmup_fraction=0.3),
    "runtime": RuntimeConfig(channels_last=True),
}
_COMPACT_SETTINGS = {
    "optimizer": OptimizerConfig(name="sgd", learning_rate=0.01, momentum=0.9, fused=True),
    "schedule": ScheduleConfig(name="plateau", gamma=0.1, patience=1),
    "augment": AugmentConfig(rotate=7.0, brightness=0.1, contrast=0.1),
    "loop": LoopConfig(epochs=20, batch_size=32),
    "runtime": RuntimeConfig(channels_last=True),
}
# What the improved recipes share: few epochs are best spent on one rise and fall of the learning rate, and averaged
# weights take the noise of the last steps out.
_BETTER_SCHEDULE = ScheduleConfig(name="one-cycle", warmup_fraction=0.2)
_BETTER_AUGMENT = AugmentConfig(rotate=10.0, shift=0.07, scale=0.1, shear=8.0)
_COMPACT_BETTER_SETTINGS = {
    "optimizer": OptimizerConfig(name="adamw", learning_rate=0.01, weight_decay=0.01, fused=True),
    "schedule": _BETTER_SCHEDULE,
    "augment": AugmentConfig(rotate=10.0, shift=0.07, scale=0.1, shear=8.0, elastic=0.75, elastic_smoothness=5.0),
    "loop": LoopConfig(epochs=20, batch_size=128, ema_decay=0.998),
    "runtime": RuntimeConfig(precision="bfloat16", channels_last=True),
}
_DEEP_SETTINGS = {
    "optimizer": OptimizerConfig(name="sgd", learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4),
    "schedule": ScheduleConfig(name="one-cycle", warmup_fraction=0.2),
    "augment": AugmentConfig(
        rotate=10.0,
        shift=0.06,
        scale=0.1,
        shear=8.0,
        elastic=0.8,
        elastic_smoothness=5.0,
        perspective=0.1,
        stroke_width=1.0,
    ),
    "runtime": RuntimeConfig(precision="bfloat16", channels_last=True),
}

RECIPES = (
    Recipe(
        name="sprint",
        about="The quickest way to 99 %: digits set upright, known edge filters, a third of an epoch. Start here.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="upright"),
            optimizer=OptimizerConfig(name="adam", learning_rate=0.03, beta1=0.7, beta2=0.9, fused=True),
            schedule=ScheduleConfig(name="one-cycle", warmup_fraction=0.3),
            loss=LossConfig(label_smoothing=0.1),
            loop=LoopConfig(epochs=0.3, batch_size=144),
            runtime=RuntimeConfig(precision="bfloat16", channels_last=True),
        ),
    ),
    Recipe(
        name="drawing",
        about="The network sprint, trained long on bent, slanted, thinned and thickened digits: for reading drawings.",
        source="",
        claimed=None,
        config=TrainConfig(
            augment=AugmentConfig(
                rotate=8.0,
                shift=0.05,
                scale=0.1,
                shear=10.0,
                elastic=1.0,
                elastic_smoothness=5.0,
                perspective=0.15,
                stroke_width=1.5,
            ),
            loop=LoopConfig(epochs=8, batch_size=256, ema_decay=0.995),
            **_DRAWING_SETTINGS,
        ),
    ),
    Recipe(
        name="compact-13k",
        about="13,244 parameters in cumulative-sum blocks; shows how little a very good classifier needs.",
        source="Published notebook 'compact-13k': batch 32, SGD 0.01, plateau schedule, 20 epochs",
        claimed=0.9961,
        config=TrainConfig(model=ModelConfig(name="compact-13k"), **_COMPACT_SETTINGS),
    ),
    Recipe(
        name="compact-13k-better",
        about="compact-13k's network and its 20 epochs on digits that are bent and slanted, then set upright, to one "
        "size. It answers with the average over five views.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="compact-13k", upright="slant-and-size", test_time_augmentation=True),
            **_COMPACT_BETTER_SETTINGS,
        ),
        improves="compact-13k",
    ),
    Recipe(
        name="compact-6k",
        about="compact-13k with half the channels in its later layers: 6,716 parameters.",
        source="Published notebook 'compact-6k': settings of compact-13k",
        claimed=0.9941,
        config=TrainConfig(model=ModelConfig(name="compact-6k"), **_COMPACT_SETTINGS),
    ),
    Recipe(
        name="compact-6k-better",
        about="compact-6k's network and its 20 epochs with the settings of compact-13k-better.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="compact-6k", upright="slant-and-size", test_time_augmentation=True),
            **_COMPACT_BETTER_SETTINGS,
        ),
        improves="compact-6k",
    ),
    Recipe(
        name="thousand",
        about="Under a thousand parameters: one block that runs four times, on digits set upright and to one size.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="thousand", test_time_augmentation=True),
            optimizer=OptimizerConfig(name="adamw", learning_rate=0.02, weight_decay=0.01, fused=True),
            schedule=_BETTER_SCHEDULE,
            augment=AugmentConfig(rotate=8.0, shift=0.05, scale=0.08),
            loop=LoopConfig(epochs=60, batch_size=128, ema_decay=0.998),
            runtime=RuntimeConfig(channels_last=True),
        ),
    ),
    Recipe(
        name="tinyvgg-sgd",
        about="Two small convolutions and plain SGD for three epochs: a first network from a tutorial.",
        source="Published notebook 'tinyvgg-sgd': batch 32, SGD 0.1 without momentum, pixels in [0, 1], 3 epochs",
        claimed=0.9759,
        config=TrainConfig(
            data=_NO_SCALING,
            model=ModelConfig(name="tinyvgg-sgd"),
            optimizer=OptimizerConfig(name="sgd", learning_rate=0.1, momentum=0.0),
            loop=LoopConfig(epochs=3, batch_size=32),
        ),
    ),
    Recipe(
        name="tinyvgg-sgd-better",
        about="tinyvgg-sgd's network and its 3 epochs with AdamW, a one-cycle schedule and gently moved digits.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="tinyvgg-sgd"),
            optimizer=OptimizerConfig(name="adamw", learning_rate=0.01, weight_decay=0.01, fused=True),
            schedule=_BETTER_SCHEDULE,
            augment=AugmentConfig(rotate=7.0, shift=0.04, scale=0.07),
            loop=LoopConfig(epochs=3, batch_size=64, ema_decay=0.995),
            runtime=RuntimeConfig(channels_last=True),
        ),
        improves="tinyvgg-sgd",
    ),
    Recipe(
        name="hybrid-cnn",
        about="Two convolutions under a deep, heavily dropped-out head of 2.9 million parameters.",
        source="Published notebook 'hybrid-cnn': batch 32, Adam 0.001, rotation ±15°, 10 epochs",
        claimed=0.9769,
        config=TrainConfig(
            data=_NO_SCALING,
            model=ModelConfig(name="hybrid-cnn", initialization="linear-normal"),
            optimizer=_ADAM,
            augment=AugmentConfig(rotate=15.0),
            loop=LoopConfig(epochs=10, batch_size=32),
        ),
    ),
    Recipe(
        name="hybrid-cnn-better",
        about="hybrid-cnn's network and its 10 epochs with less dropout, a one-cycle schedule and averaged weights.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="hybrid-cnn", dropout=0.1),
            optimizer=OptimizerConfig(name="adamw", learning_rate=0.002, weight_decay=0.01, fused=True),
            schedule=_BETTER_SCHEDULE,
            augment=_BETTER_AUGMENT,
            loop=LoopConfig(epochs=10, batch_size=128, ema_decay=0.995),
            runtime=RuntimeConfig(channels_last=True),
        ),
        improves="hybrid-cnn",
    ),
    Recipe(
        name="hybrid-cnn-tuned",
        about="hybrid-cnn with a second pooling, a sixth of the parameters and normalised pixels.",
        source="Published notebook 'hybrid-cnn-tuned': batch 32, Adam 0.001, rotation ±15°, 15 epochs",
        claimed=0.9910,
        config=TrainConfig(
            data=DataConfig(normalize_mean=0.5, normalize_std=0.5),
            model=ModelConfig(name="hybrid-cnn-tuned", initialization="linear-normal"),
            optimizer=_ADAM,
            augment=AugmentConfig(rotate=15.0),
            loop=LoopConfig(epochs=15, batch_size=32),
        ),
    ),
    Recipe(
        name="hybrid-cnn-tuned-better",
        about="hybrid-cnn-tuned's network and its 15 epochs with less dropout, a one-cycle schedule, averaged weights.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="hybrid-cnn-tuned", dropout=0.1),
            optimizer=OptimizerConfig(name="adamw", learning_rate=0.003, weight_decay=0.01, fused=True),
            schedule=_BETTER_SCHEDULE,
            augment=_BETTER_AUGMENT,
            loop=LoopConfig(epochs=15, batch_size=128, ema_decay=0.995),
            runtime=RuntimeConfig(channels_last=True),
        ),
        improves="hybrid-cnn-tuned",
    ),
    Recipe(
        name="dropout-cnn",
        about="Two convolutions, each with pooling and dropout, then fully connected layers.",
        source="Published notebook 'dropout-cnn': batch 96, Adam, 10 epochs; reports no figure",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="dropout-cnn"),
            optimizer=_ADAM,
            loop=LoopConfig(epochs=10, batch_size=96),
            runtime=RuntimeConfig(channels_last=True),
        ),
    ),
    Recipe(
        name="dropout-cnn-better",
        about="dropout-cnn's network and its 10 epochs with moved, slanted digits, one-cycle and averaged weights.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="dropout-cnn", dropout=0.15),
            optimizer=OptimizerConfig(name="adamw", learning_rate=0.004, weight_decay=0.01, fused=True),
            schedule=_BETTER_SCHEDULE,
            augment=_BETTER_AUGMENT,
            loop=LoopConfig(epochs=10, batch_size=128, ema_decay=0.995),
            runtime=RuntimeConfig(channels_last=True),
        ),
        improves="dropout-cnn",
    ),
    Recipe(
        name="s5-baseline",
        about="Four plain convolutions and two linear layers, the 593,200 parameters compact-13k set out to shrink.",
        source="Published notebook 's5-baseline', trained here with the settings of compact-13k, in 16 bits",
        claimed=None,
        # No figure is claimed that another arithmetic could miss, and on a CPU a step takes less time.
        config=TrainConfig(
            model=ModelConfig(name="s5-baseline"),
            **_COMPACT_SETTINGS | {"runtime": RuntimeConfig(precision="bfloat16", channels_last=True)},
        ),
    ),
    Recipe(
        name="s5-baseline-better",
        about="s5-baseline's network, 8 of its 20 epochs, moved digits, a one-cycle schedule and averaged weights.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="s5-baseline"),
            optimizer=OptimizerConfig(name="adamw", learning_rate=0.002, weight_decay=0.01, fused=True),
            schedule=_BETTER_SCHEDULE,
            augment=_BETTER_AUGMENT,
            loop=LoopConfig(epochs=8, batch_size=128, ema_decay=0.998),
            runtime=RuntimeConfig(precision="bfloat16", channels_last=True),
        ),
        improves="s5-baseline",
    ),
    Recipe(
        name="vgg-7",
        about="Six plain convolutions on bent, slanted, thinned and thickened digits; slow on a CPU, and hard to beat. "
        "It answers with the average over seven views.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="vgg-7", test_time_augmentation=True),
            loop=LoopConfig(epochs=16, batch_size=128, ema_decay=0.998),
            **_DEEP_SETTINGS,
        ),
    ),
    Recipe(
        name="resnet-8",
        about="A small residual network, with the augmentation of vgg-7 and the average over seven views.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="resnet-8", test_time_augmentation=True),
            loop=LoopConfig(epochs=10, batch_size=128, ema_decay=0.995),
            **_DEEP_SETTINGS,
        ),
    ),
    Recipe(
        name="densenet-16",
        about="A small densely connected network, with the augmentation of vgg-7 and the average over seven views.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="densenet-16", test_time_augmentation=True),
            loop=LoopConfig(epochs=10, batch_size=128, ema_decay=0.995),
            **_DEEP_SETTINGS,
        ),
    ),
    Recipe(
        name="mlp",
        about="Fully connected layers alone, blind to what is next to what: what convolutions are measured against.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="mlp"),
            optimizer=_ADAM,
            schedule=ScheduleConfig(name="cosine"),
            loop=LoopConfig(epochs=5, batch_size=128),
        ),
    ),
    Recipe(
        name="softmax-regression",
        about="Ten weighted sums of pixels, no hidden layer: the simplest classifier, and its weights are pictures.",
        source="",
        claimed=None,
        config=TrainConfig(
            model=ModelConfig(name="softmax-regression"),
            optimizer=_ADAM,
            schedule=ScheduleConfig(name="cosine"),
            loop=LoopConfig(epochs=5, batch_size=128),
        ),
    ),
)


def get_recipe(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        UsageError: if there is none; the message lists the valid names.
    """
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    raise UsageError(f"There is no recipe '{name}'; choose one of {', '.join(recipe.name for recipe in RECIPES)}.")

"""The configuration of a kubelet: what its fields mean, and what is wrong with them."""

import pytest

from kubesim.kubelet import settings
from kubesim.kubelet.settings import Amount, SettingsError, ShutdownStep, Threshold

GI = 1024**3


def test_nothing_given_is_the_default():
    assert settings.parse({}) == settings.DEFAULT


def test_thresholds_with_grace_and_what_to_reclaim():
    found = settings.parse(
        {
            "evictionHard": {"memory.available": "200Mi", "nodefs.available": "5.5%"},
            "evictionSoft": {"memory.available": "1Gi"},
            "evictionSoftGracePeriod": {"memory.available": "1m30s"},
            "evictionMinimumReclaim": {"memory.available": "500Mi"},
            "evictionPressureTransitionPeriod": "30s",
            "evictionMaxPodGracePeriod": 60,
        }
    )
    reclaim = Amount(500 * 1024**2)
    assert found.thresholds == (
        Threshold("memory.available", Amount(200 * 1024**2), 0, reclaim),
        Threshold("nodefs.available", Amount(share=5_500)),
        Threshold("memory.available", Amount(GI), 90_000, reclaim),
    )
    assert (found.transition_ms, found.grace_ms) == (30_000, 60_000)


@pytest.mark.parametrize(
    ("tree", "steps"),
    [
        ({"shutdownGracePeriod": "1m", "shutdownGracePeriodCriticalPods": "20s"}, [(0, 40), (2_000_000_000, 20)]),
        ({"shutdownGracePeriod": "10s"}, [(0, 10), (2_000_000_000, 0)]),
        ({"shutdownGracePeriod": "0s"}, []),
        (
            {"shutdownGracePeriodByPodPriority": [
                {"priority": 100, "shutdownGracePeriodSeconds": 5}, {"priority": 0, "shutdownGracePeriodSeconds": 9}]},
            [(0, 9), (100, 5)],
        ),
    ],
    ids=["both", "one", "off", "by priority"],
)  # fmt: skip
def test_shutdown(tree, steps):
    assert settings.parse(tree).shutdown == tuple(ShutdownStep(*step) for step in steps)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"evictonHard": {}}, "evictonHard: unknown field; known are evictionHard, "),
        ({"evictionHard": []}, "evictionHard: expected a mapping of signals, not []"),
        ({"evictionHard": {"memory": "1Gi"}}, "evictionHard.memory: unknown signal; known are memory.available, "),
        ({"evictionHard": {"memory.available": "101%"}}, "evictionHard.memory.available: must be at most 100%"),
        ({"evictionHard": {"memory.available": "much"}}, "evictionHard.memory.available: "),
        ({"evictionSoft": {"memory.available": "1Gi"}}, "evictionSoftGracePeriod: must have a grace period for the "),
        ({"evictionPressureTransitionPeriod": "soon"}, "evictionPressureTransitionPeriod: "),
        ({"shutdownGracePeriod": "5s", "shutdownGracePeriodCriticalPods": "6s"}, "shutdownGracePeriodCriticalPods: "),
        ({"shutdownGracePeriodByPodPriority": [3]}, "shutdownGracePeriodByPodPriority[0]: expected priority and "),
        ({"imageGCHighThresholdPercent": 101}, "imageGCHighThresholdPercent: must be between 0 and 100, inclusive"),
        ({"imageGCLowThresholdPercent": 90}, "imageGCLowThresholdPercent: must be less than imageGCHighThreshold"),
        ({"evictionMaxPodGracePeriod": "1s"}, "evictionMaxPodGracePeriod: expected a whole number, not '1s'"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)  # fmt: skip
def test_what_is_wrong_is_named(tree, text):
    with pytest.raises(SettingsError) as caught:
        settings.parse(tree)
    assert str(caught.value).startswith(text)

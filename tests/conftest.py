"""What all tests share: real text for property tests, and the rule that extras must run in CI."""

from __future__ import annotations

import os

import hypothesis
import pytest

# Two BLAS threads on matrices as small as a test's cost ten times the processor time of one. Read
# when numpy is first imported, so nothing above may import it; set it yourself for another number.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# One shared machine may be slow for a moment; a slow example is no failure.
hypothesis.settings.register_profile(
    "relatedevents",
    deadline=None,
    max_examples=50,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
)
hypothesis.settings.load_profile("relatedevents")


@pytest.fixture(scope="session")
def fitted_sample():
    """Return the default model of the sample, fitted once; no test may change it."""
    from relatedevents import RelatedEvents, load_sample

    return RelatedEvents().fit(load_sample())


# Set where every extra is installed: a test that skips for want of one then fails.
_EXTRAS_EXPECTED = os.environ.get("RELATEDEVENTS_TEST_EXTRAS") == "all"


def _fail_missing_extra(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = str(report.longrepr)
    if report.skipped and "could not import" in reason:
        report.outcome = "failed"
        report.longrepr = f"skipped although every extra should be here: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if _EXTRAS_EXPECTED:
        _fail_missing_extra(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if _EXTRAS_EXPECTED:
        _fail_missing_extra(report)
    return report

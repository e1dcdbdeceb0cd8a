"""The pause of the collector: as it was before, whatever happens in between."""

import gc

import pytest

from relatedevents._util.gc import collector_paused


def fails_while_paused():
    with collector_paused():
        assert not gc.isenabled()
        raise KeyError


@pytest.mark.parametrize("running", [True, False])
def test_the_collector_is_left_as_it_was(running):
    was = gc.isenabled()
    try:
        (gc.enable if running else gc.disable)()
        with pytest.raises(KeyError):
            fails_while_paused()
        assert gc.isenabled() == running
    finally:
        (gc.enable if was else gc.disable)()

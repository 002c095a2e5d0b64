"""The suite every adapter passes: subclass it, point it at recorded samples, and pytest does the rest.

    class TestBeanbox(AdapterContract):
        samples = "tests/adapters/samples/beanbox"
        required = {"bill": ("receipt",)}
        secrets = ("beanbox-secret",)

        def adapter(self) -> BeanboxAdapter:
            return BeanboxAdapter(SETTINGS)

        def example(self, sample: Sample) -> Example:
            return Example(order=order_before(sample.trigger), command=COMMANDS[sample.trigger])

`adapters/ADDING_A_PROVIDER.md` says what each failure means. May live here: the way in. The promises are in the four
parts it joins. Needs pytest and Hypothesis (the extra `testing`).
"""

from __future__ import annotations

import pytest

# Before the import: it makes pytest explain the asserts of modules outside your tests.
pytest.register_assert_rewrite(
    "stampcard.testing._adapter_requests",
    "stampcard.testing._adapter_reads",
    "stampcard.testing._adapter_recovers",
    "stampcard.testing._adapter_compares",
)

from stampcard.testing._adapter_compares import AdapterCompares  # noqa: E402  after the call above
from stampcard.testing._adapter_reads import AdapterReads  # noqa: E402  after the call above
from stampcard.testing._adapter_recovers import AdapterRecovers  # noqa: E402  after the call above
from stampcard.testing._adapter_requests import AdapterRequests  # noqa: E402  after the call above
from stampcard.testing._adapter_values import AuthCase, Example, Sample, samples_in  # noqa: E402  after the call above

__all__ = ["AdapterContract", "AuthCase", "Example", "Sample", "samples_in"]


class AdapterContract(AdapterRequests, AdapterReads, AdapterRecovers, AdapterCompares):
    """Subclass it as Test...; say `samples`, `adapter` and `example`, and as much of the rest as there is."""

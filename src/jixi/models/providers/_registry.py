"""The registry of vendors."""

from jixi.core.registry import Registry
from jixi.models.providers._vendor import Vendor


def vendor_registry() -> Registry[Vendor]:
    """Every vendor known here: the built-ins and those that other packages bring as `jixi.vendor`."""
    vendors = Registry[Vendor]("vendor")
    vendors.discover()
    return vendors

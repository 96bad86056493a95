"""Outside providers: models of others under public names, for the gateway engines like any other.

Owns: providers, their sealed credentials, and the vendors' forms, each brought into OpenAI's. Must not: route, count
money, show a credential to anybody, reach out past the egress client. Tests: tests/unit/providers, tests/contract.
"""

from jixi.models.providers._anthropic import Anthropic
from jixi.models.providers._azure import Azure
from jixi.models.providers._dashscope import DashScope
from jixi.models.providers._deepseek import DeepSeek
from jixi.models.providers._moonshot import Moonshot
from jixi.models.providers._openai import Compatible, OpenAI
from jixi.models.providers._providers import Providers
from jixi.models.providers._registry import vendor_registry
from jixi.models.providers._values import KEEP, Check, Draft, OnDisconnect, Provider, ProviderModel
from jixi.models.providers._vendor import Fault, Need, Outgoing, Refusal, Target, Translation, Vendor, Words
from jixi.models.providers._zhipu import Zhipu

__all__ = [
    "KEEP",
    "Anthropic",
    "Azure",
    "Check",
    "Compatible",
    "DashScope",
    "DeepSeek",
    "Draft",
    "Fault",
    "Moonshot",
    "Need",
    "OnDisconnect",
    "OpenAI",
    "Outgoing",
    "Provider",
    "ProviderModel",
    "Providers",
    "Refusal",
    "Target",
    "Translation",
    "Vendor",
    "Words",
    "Zhipu",
    "vendor_registry",
]

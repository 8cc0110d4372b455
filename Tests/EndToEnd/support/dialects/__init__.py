"""Providers that do not speak OpenAI's dialect: what a model says is written once, and each dialect puts it in its own words."""

from .anthropic import Anthropic
from .azure import Azure
from .bedrock import Bedrock
from .gemini import Gemini
from .script import Dialect, Script, Usage

#: Every dialect by the `kind` of its providers.
DIALECTS: dict[str, Dialect] = {dialect.kind: dialect for dialect in (Anthropic(), Gemini(), Azure(), Bedrock())}

__all__ = ["DIALECTS", "Dialect", "Script", "Usage"]

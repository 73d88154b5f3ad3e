"""The options of a connector as they stand in hub.yaml, checked before anything is called."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from warranty_hub.errors import ConfigError

OptionsT = TypeVar("OptionsT", bound="Options")


class Options(BaseModel):
    """Base of every connector's options: frozen, and no unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_options(model: type[OptionsT], system: str, options: Mapping[str, Any]) -> OptionsT:
    """Check options against their model. Raises ConfigError naming every wrong field, never its value."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        problems = [
            f"options.{'.'.join(map(str, problem['loc']))}: {_reason(problem)}"
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise ConfigError(
            f"The options of {system} are wrong: " + "; ".join(problems),
            remedy=f"Correct them in hub.yaml; docs/connectors/{system}.md shows every option.",
        ) from None


def _reason(problem: Mapping[str, Any]) -> str:
    return "this option does not exist" if problem["type"] == "extra_forbidden" else str(problem["msg"])

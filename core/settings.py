"""What a host can set from outside, parsed once from ``VITRINE_*`` environment variables.

Owns names, types, defaults and their one-line documentation (``docs/settings.md`` is generated from here and a
test keeps it current). Knows nothing about what the settings are used for.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import StartError


class Settings(BaseSettings):
    """All settings. Each field ``name`` is read from ``VITRINE_NAME``."""

    model_config = SettingsConfigDict(env_prefix="VITRINE_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on. `0.0.0.0` opens it to the network.")
    port: int = Field(8501, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    engine: Literal["local"] = Field("local", description="Where models run: `local` is this process.")
    language: str = Field("en", pattern=r"^[a-z]{2}$", description="Folder of words under `assets/content/`.")
    data_dir: Path | None = Field(
        None, description="Folder with training data for recipes and panels that show real samples."
    )
    state_dir: Path = Field(
        Path(platformdirs.user_data_dir("vitrine", appauthor=False)),
        description="Folder for what people save, such as projects.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Host names, besides this machine's own, that browsers may use; comma separated."
    )
    embed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins, such as `https://lms.example.org`, that may show Vitrine in a frame; comma separated.",
    )
    queue_size: int = Field(
        64, ge=1, le=10_000, description="How many requests may wait before new ones are told to come back."
    )
    workers: int = Field(2, ge=1, le=64, description="How many requests are computed at the same time.")
    max_body_bytes: int = Field(10_485_760, ge=1024, description="Largest upload or request body, in bytes.")
    preload: bool = Field(True, description="Load the bundled models after the first screen is served.")

    @field_validator("allowed_hosts", "embed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )


@cache
def get_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        StartError: a variable holds something that cannot be used; key ``setting-wrong``.
    """
    try:
        return Settings()  # pyright: ignore[reportCallIssue]  # every field has a default
    except ValidationError as error:
        first = error.errors()[0]
        name = "VITRINE_" + str(first["loc"][0]).upper()
        raise StartError("setting-wrong", name=name, problem=first["msg"]) from error

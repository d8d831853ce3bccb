"""What a host can set: parsed once, refused in words where it cannot be used."""

import pytest

from core.errors import StartError
from core.settings import Settings, get_settings
from core.wording import explain_error


@pytest.fixture(autouse=True)
def read_afresh(monkeypatch: pytest.MonkeyPatch):
    import os

    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_without_any_variable_it_listens_on_this_machine_only():
    assert (get_settings().host, get_settings().workers, get_settings().queue_size) == ("127.0.0.1", 2, 64)


def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VITRINE_WORKERS", "5")
    monkeypatch.setenv("VITRINE_ALLOWED_HOSTS", "a.example, b.example ,")
    assert get_settings().workers == 5
    assert get_settings().allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize("false", ["0", "false", "no", "off"])
def test_zero_means_no(monkeypatch: pytest.MonkeyPatch, false: str):
    monkeypatch.setenv("VITRINE_PRELOAD", false)
    assert get_settings().preload is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VITRINE_WORKERS", "0"),
        ("VITRINE_WORKERS", "many"),
        ("VITRINE_PORT", "70000"),
        ("VITRINE_QUEUE_SIZE", "-1"),
        ("VITRINE_LANGUAGE", "../x"),
        ("VITRINE_ENGINE", "cloud"),
        ("VITRINE_PRELOAD", "perhaps"),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(StartError) as refused:
        get_settings()
    assert refused.value.values["name"] == name
    monkeypatch.delenv(name)
    assert name in explain_error(refused.value).what


def test_settings_cannot_be_changed_after_the_start():
    with pytest.raises(ValueError, match="frozen"):
        get_settings().port = 1


def test_every_setting_is_documented():
    assert all(
        field.description and field.description.endswith(".") for field in Settings.model_fields.values()
    )

"""The settings of one server process: names, bounds and reasons, read once at boot."""

from settings.reading import ENV_FILE, SettingsError, load_settings
from settings.schema import ROOT, Settings, is_loopback

__all__ = ["ENV_FILE", "ROOT", "Settings", "SettingsError", "is_loopback", "load_settings"]

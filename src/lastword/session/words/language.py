"""Refuses what is no language, and warns of one that no bundled clip is in."""

from __future__ import annotations

import logging

from ...audio.bundled import bundled_languages, has_clips

logger = logging.getLogger("lastword")


def check_language(language: object) -> None:
    """Make sure that a language is a string; warn if no bundled clip is in it.

    Raises:
        TypeError: It is neither a string nor None.
    """
    if language is None:
        return
    if not isinstance(language, str):
        raise TypeError(
            f"expected language as a tag such as 'en' or 'pt-BR', or None, got {language!r}; pass "
            "None for the session's own"
        )
    if not has_clips(language):
        logger.warning(
            "expected a language with bundled clips (%s), got %r: bundled words will be in another "
            "language of the session that has some, else in English",
            ", ".join(bundled_languages()),
            language,
        )

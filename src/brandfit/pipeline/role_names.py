"""What a workspace calls brands and influencers, for rankings of other things: shops and recipes, for
example."""

from __future__ import annotations

from brandfit.arguments import checked
from brandfit.data.role_names import RoleNames
from brandfit.workspace import Place, as_workspace


@checked
def role_names(workspace: Place) -> RoleNames:
    """The words of a workspace for its two sides; brand and influencer if none are set."""
    return as_workspace(workspace).role_names


@checked
def set_role_names(workspace: Place, brand: str, *, influencer: str) -> RoleNames:
    """Set the words of a workspace for the side that gets a ranking and for the side that is ranked.

    A word is ``shop``, or ``company/companies`` if the plural is not regular. Imports accept the words as
    roles and as columns, and headings show them. Roles and columns in JSON keep their names. Raises
    UsageError for a word that cannot name a side.
    """
    names = RoleNames.from_words(brand, influencer)
    as_workspace(workspace).set_role_names(names)
    return names

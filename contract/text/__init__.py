"""Texts in all scripts: `sentences` finds where one ends, `abbreviations` which dots end none, `words` counts words."""

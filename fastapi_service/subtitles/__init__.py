"""Results as subtitles: `script` knows characters, `pieces` what may not be broken and when it is said, `cues` what is
shown together and for how long, `files` SubRip and WebVTT. docs/export.md has the rules.

The page makes the same files (static/js/export/subtitles has the same four modules): contract/subtitle_examples.json
and tests of random results hold both to each other, byte for byte.
"""

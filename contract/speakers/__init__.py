"""Who speaks: how a text is divided among those who spoke it, the same in every service and on the page."""

"""HTTP beside the WebSocket and the uploads: page and health, the description of the API, metrics."""

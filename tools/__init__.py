"""`make run`, `make record`, `make check` and `make screenshots`: what stands behind them."""

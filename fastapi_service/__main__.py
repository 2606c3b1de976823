"""`python -m fastapi_service`: the gateway."""

from fastapi_service.fastapi_service import main

main()

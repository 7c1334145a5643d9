"""Sign in with a key, and sign out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from brandfit.service.http.access import COOKIE, SESSION
from brandfit.service.pages._page import back, page
from brandfit.service.store import keys

router = APIRouter()


@router.get("/login")
def login(request: Request) -> Response:
    return page(request, "login.html", is_wrong=False)


@router.post("/login")
def sign_in(request: Request, key: Annotated[str, Form(max_length=500)]) -> Response:
    state = request.app.state
    if keys.caller(state.store, key.strip()) is None:
        return page(request, "login.html", status=403, is_wrong=True)
    answer = back("/")
    name = state.sessions.open(key.strip())
    secure = request.url.scheme == "https"  # on the local address there is no TLS
    # httponly and strict: scripts and other sites cannot use the session.
    answer.set_cookie(COOKIE, name, max_age=int(SESSION), httponly=True, samesite="strict", secure=secure)
    return answer


@router.post("/logout")
def sign_out(request: Request) -> Response:
    request.app.state.sessions.close(request.cookies.get(COOKIE, ""))
    answer = back("/login")
    answer.delete_cookie(COOKIE)
    return answer

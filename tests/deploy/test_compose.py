"""What deploy/compose.yaml promises of its containers."""

from __future__ import annotations

import re

import pytest

from tests.deploy import compose
from tests.deploy.image import ROOT

SERVICES = sorted(compose.document()["services"])
REPLICAS = [name for name in SERVICES if name.startswith("lab-")]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_write_nothing_and_get_no_rights(name: str) -> None:
    service = compose.service(name)
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["pids_limit"] > 0
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["ulimits"]["nofile"]["hard"] >= 4096
    assert "build" in service or service["user"] != "0", "the image has a user of its own"


def test_replicas_differ_in_nothing_but_their_address() -> None:
    assert len(REPLICAS) == 2
    without = [{key: value for key, value in compose.service(name).items() if key != "networks"} for name in REPLICAS]
    assert without[0] == without[1]


def test_nginx_asks_every_replica() -> None:
    servers = re.findall(
        r"^server (\S+):8501 ", (ROOT / "deploy/nginx/upstream.conf").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert servers == [compose.service(name)["networks"]["replicas"]["ipv4_address"] for name in REPLICAS]


def test_only_nginx_can_be_reached_from_outside() -> None:
    assert [name for name in SERVICES if "ports" in compose.service(name)] == ["nginx"]
    for name, network in compose.document()["networks"].items():
        assert name == "outside" or network["internal"] is True


def test_only_the_replicas_reach_the_scheduler() -> None:
    inside = [name for name in SERVICES if "cluster" in compose.service(name)["networks"]]
    assert inside == [*REPLICAS, "scheduler", "worker"]
    for name in ("scheduler", "worker"):
        assert compose.service(name)["networks"] == ["cluster"]
    for name in REPLICAS:
        assert compose.service(name)["environment"]["BN_LAB_CLUSTER"] == "tcp://scheduler:8786"


def test_the_secret_comes_from_the_environment_or_nothing_starts() -> None:
    for name in REPLICAS:
        secret = compose.service(name)["environment"]["STREAMLIT_SERVER_COOKIE_SECRET"]
        assert secret.startswith("${STREAMLIT_SERVER_COOKIE_SECRET:?")

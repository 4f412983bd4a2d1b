"""The data folder: private, held by one mesh at a time, and says who that is."""

import os
from pathlib import Path

import pytest

from nocmesh.errors import PreconditionError
from nocmesh.launch.home import Endpoint, Home, private

HERE = Endpoint(nats_url="nats://127.0.0.1:1", http="http://127.0.0.1:2", webhooks="http://127.0.0.1:3", pid=7)


def test_its_folders_are_its_owners_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "data")
    for folder in (home.keys, home.store, home.logs, home.credentials("bgp").parent):
        assert folder.is_dir()
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_secret_is_private_from_its_first_byte(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private(tmp_path / "secret", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secret").read_text() == "x"


def test_it_says_where_the_mesh_is_that_runs_there(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.endpoint() is None
    home.write_endpoint(HERE)
    assert Home(tmp_path).endpoint() == HERE


def test_an_endpoint_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.endpoint_file.write_text("{half")
    assert home.endpoint() is None


def test_a_second_mesh_is_told_who_holds_it(tmp_path: Path) -> None:
    with Home(tmp_path).held():
        with pytest.raises(PreconditionError, match=r"runs in .* already: stop it"), Home(tmp_path).held():
            pytest.fail("two hold it")
        Home(tmp_path).write_endpoint(HERE)
        with pytest.raises(PreconditionError, match=r"pid 7, http://127\.0\.0\.1:2"), Home(tmp_path).held():
            pytest.fail("two hold it")
    assert Home(tmp_path).endpoint() is None
    with Home(tmp_path).held():
        pass


def test_what_a_killed_mesh_left_does_not_stand_for_the_next(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_endpoint(HERE)
    with home.held():
        assert home.endpoint() is None

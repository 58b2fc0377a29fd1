"""``python certificates.py FOLDER``: writes ``authority.pem``, and ``server.pem`` for 127.0.0.1."""

from __future__ import annotations

import sys
from pathlib import Path

import trustme  # type: ignore[import-not-found,unused-ignore]  # in the peers' environment


def main(folder: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    issued = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

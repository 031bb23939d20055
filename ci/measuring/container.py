"""The container's program as a task: in a region of one machine, with a broadcast of its own."""

import datetime
import json

from rehearsal.region import Region

from .processes import alone, start


def container(program):
    """A way to run `streamer` as it is shipped; `program` is where it lies."""
    def run(directory, source, url, authority):
        environment = {"SSL_CERT_FILE": str(authority)}
        with Region(directory / "region", environment) as region:
            # Far enough away that the region does not start it itself.
            broadcast, _ = region.schedule(source, url, "show", 7200)
            table, = region.aws("dynamodb", "list-tables")["TableNames"]
            now = datetime.datetime.now(datetime.timezone.utc).isoformat()
            key, = (item for item in region.aws("dynamodb", "scan", "--table-name", table)["Items"]
                    if item.get("id", {}).get("S") == broadcast)
            region.aws("dynamodb", "update-item", "--table-name", table,
                       "--key", json.dumps({name: key[name] for name in ("PK", "SK")}),
                       "--update-expression", "SET attempts = :one, air_time = :now, created_at = :now, #s = :starting",
                       "--expression-attribute-names", json.dumps({"#s": "status"}),
                       "--expression-attribute-values", json.dumps({":one": {"N": "1"}, ":now": {"S": now},
                                                                 ":starting": {"S": "starting"}}))
            task = {**environment, "TABLE": table, "BROADCAST_ID": broadcast, "ATTEMPT": "1",
                    "ALLOW_PRIVATE_ADDRESSES": "true", "AWS_CONFIG_FILE": str(region.data / "aws/config"),
                    "AWS_SHARED_CREDENTIALS_FILE": str(region.data / "aws/credentials")}
            return alone(start(directory, [program], task))
    return run

"""What the scripts of this folder share: a client with strict validation on, and assertions about refusals.

tests/api/sdk.rs runs each script against a server of its own and sets CLOUDFLARE_BASE_URL and CLOUDFLARE_API_TOKEN.
The scripts run under two lines of the SDK, 5.x and 4.x.
"""

import cloudflare
from cloudflare import Cloudflare

# Whether this is the SDK of the line before.
IS_4 = cloudflare.__version__.startswith("4.")

client = Cloudflare(_strict_response_validation=True, max_retries=0)


def refused(error, code, call, *args, **kwargs):
    """Asserts that a call fails with this class of error and this code of the API."""
    try:
        call(*args, **kwargs)
    except error as failure:
        codes = [item["code"] for item in failure.body["errors"]]
        assert codes == [code], (codes, code, failure.body)
        return failure
    raise AssertionError(f"{call} was not refused")


def account():
    """The account of the token."""
    return next(iter(client.accounts.list()))


def new_zone(name="saasprovider.com", **kwargs):
    """A new zone."""
    return client.zones.create(account={"id": account().id}, name=name, **{"type": "full", **kwargs})


def done():
    """What the test reads: the script got to its end."""
    print("true")


# Ids of things that do not exist, in the right form.
NO_ID = "0" * 32
NO_UUID = "0d89c70d-ad9f-4843-b99f-6cc0252067e9"
stranger = client.with_options(api_token="0" * 40)
BadRequest = cloudflare.BadRequestError
Conflict = cloudflare.ConflictError
Denied = cloudflare.PermissionDeniedError
NotFound = cloudflare.NotFoundError

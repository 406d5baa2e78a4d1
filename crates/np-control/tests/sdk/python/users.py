"""The user and their memberships."""

from shared import NO_ID, BadRequest, Denied, NotFound, account, client, done, refused, stranger

user = client.user.get()
assert user.email, user
assert client.user.edit(first_name="Ada", last_name="Lovelace").first_name == "Ada"
refused(BadRequest, 10002, client.user.edit, country="US")
refused(Denied, 9109, stranger.user.get)

[membership] = client.memberships.list()
assert membership.status == "accepted" and membership.account.id == account().id
assert client.memberships.get(membership_id=membership.id).id == membership.id
refused(NotFound, 1613, client.memberships.get, membership_id=NO_ID)
refused(Denied, 9109, lambda: list(stranger.memberships.list()))
done()

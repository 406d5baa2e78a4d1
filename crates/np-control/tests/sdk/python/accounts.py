"""Accounts, and whether the token works."""

from shared import Denied, NO_ID, NotFound, client, done, refused, stranger

token = client.user.tokens.verify()
assert token is not None and token.status == "active"
refused(Denied, 9109, stranger.user.tokens.verify)

accounts = list(client.accounts.list())
assert len(accounts) == 1
account = client.accounts.get(account_id=accounts[0].id)
assert account.id == accounts[0].id
assert [a.id for a in client.accounts.list(name="nobody")] == []
refused(Denied, 9109, client.accounts.get, account_id=NO_ID)
refused(NotFound, 7003, client.accounts.get, account_id="nonsense")
refused(Denied, 9109, lambda: list(stranger.accounts.list()))
done()

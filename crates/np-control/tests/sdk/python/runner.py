"""Runs the scripts of this folder, each against a server of its own: importing the SDK takes longer than most of them.

Arguments: for each script its path, the base URL and token of its server, and a file with certificates to upload. Prints which scripts got to their end, as JSON.
"""

import contextlib
import io
import json
import os
import runpy
import sys
import traceback

ended, arguments = [], sys.argv[1:]
for script, base_url, token, certificates in zip(*(arguments[at::4] for at in range(4))):
    os.environ["CLOUDFLARE_BASE_URL"], os.environ["CLOUDFLARE_API_TOKEN"] = base_url, token
    os.environ["NAMEPLATE_CERTIFICATES"] = certificates
    # It has the client of the script before.
    sys.modules.pop("shared", None)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_path(script)
    except Exception:
        print(f"{script}:\n{traceback.format_exc()}", file=sys.stderr)
        continue
    if said.getvalue() == "true\n":
        ended.append(script)
print(json.dumps(ended))

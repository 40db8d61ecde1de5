"""Reads forms with werkzeug: a line of JSON for each, [type, base64 of the body] in, [[name, file name, type, base64]] out."""

import base64
import io
import json
import sys

from werkzeug.formparser import parse_form_data

for line in sys.stdin:
    content_type, body = json.loads(line)
    body = base64.b64decode(body)
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    _, form, files = parse_form_data(environ, silent=False)
    fields = [[name, None, None, base64.b64encode(value.encode()).decode()] for name, value in form.items(multi=True)]
    for name, file in files.items(multi=True):
        fields.append([name, file.filename, file.content_type, base64.b64encode(file.read()).decode()])
    print(json.dumps(fields))

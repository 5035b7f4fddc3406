"""The control plane's port for agents, as far as one agent needs it. Usage: fake_edge.py PORT FOLDER

FOLDER holds ca.pem, ca.key, edge.pem, edge.key. Requests are appended to FOLDER/requests.jsonl with the client
certificate's common name. While FOLDER/silent exists, nothing is answered. Enrolment takes the token "good" once. A file
FOLDER/lose makes it lose the next answer after the request was carried out, FOLDER/forgotten ask once for the inventory.
"""
import base64
import http.server
import json
import os
import ssl
import subprocess
import sys

port, folder = int(sys.argv[1]), sys.argv[2]


def sign(csr, name):
    with open(f"{folder}/new.ext", "w") as out:
        out.write(f"subjectAltName=DNS:{name}\n")
    done = subprocess.run(
        ["openssl", "x509", "-req", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-CAcreateserial",
         "-days", "1", "-subj", f"/OU=node/CN={name}", "-extfile", f"{folder}/new.ext"],
        input=csr.encode(), capture_output=True, check=True)
    return {"node_id": name, "certificate_pem": done.stdout.decode(), "ca_pem": open(f"{folder}/ca.pem").read()}


def public_key(csr):
    done = subprocess.run(["openssl", "req", "-noout", "-pubkey"], input=csr.encode(), capture_output=True, check=True)
    return done.stdout


def is_signed(key, text, signature):
    """Whether the owner of the public key has signed the text."""
    for name, content in (("key", key), ("text", text.encode()), ("sig", base64.urlsafe_b64decode(signature + "=="))):
        with open(f"{folder}/renewal.{name}", "wb") as out:
            out.write(content)
    at = f"{folder}/renewal"
    return subprocess.run(["openssl", "dgst", "-sha256", "-verify", f"{at}.key", "-signature", f"{at}.sig", f"{at}.text"],
                          capture_output=True).returncode == 0


def once(name):
    """Whether FOLDER/name was there; it is gone now."""
    try:
        os.unlink(f"{folder}/{name}")
        return True
    except FileNotFoundError:
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys = {}  # public ones: of the one that used the token, and of the node

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if os.path.exists(f"{folder}/silent"):
            self.close_connection = True
            return
        subject = dict(pair[0] for pair in (self.connection.getpeercert() or {}).get("subject", ()))
        peer = subject.get("commonName", "")
        with open(f"{folder}/requests.jsonl", "a") as log:
            log.write(json.dumps({"path": self.path, "peer": peer, "body": body}) + "\n")
        status, answer = 200, {"interval_seconds": 1, "fence_after_seconds": 2}
        if self.path.endswith("/enrol"):
            asked = public_key(body["csr_pem"])
            if body["token"] != "good":
                status, answer = 401, {"code": "enrolment_token_invalid", "message": "the enrolment token is unknown"}
            elif self.keys.setdefault("token", asked) != asked:
                status, answer = 409, {"code": "enrolment_token_used", "message": "the enrolment token was used"}
            else:
                self.keys["node"] = asked
                status, answer = 201, sign(body["csr_pem"], "node_test")
        elif self.path.endswith("/renew"):
            text = f"gpuaas: renew the certificate of {body['node_id']}\n{body['csr_pem']}"
            asked = public_key(body["csr_pem"])
            if asked == self.keys["node"] or is_signed(self.keys["node"], text, body["signature"]):
                self.keys["node"] = asked
                answer = sign(body["csr_pem"], "node_test")
            else:
                status, answer = 401, {"code": "unauthenticated", "message": "another key"}
        elif not peer:
            status, answer = 401, {"code": "unauthenticated", "message": "no certificate"}
        elif once("forgotten"):
            answer["send_inventory"] = True
        if once("lose"):
            self.close_connection = True
            return
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/edge.pem", f"{folder}/edge.key")
context.load_verify_locations(f"{folder}/ca.pem")
context.verify_mode = ssl.CERT_OPTIONAL
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()

import pytest
from daemon_process import problem
from stylesketch_ext.wire.codec import loads
from stylesketch_ext.wire.messages import PROTOCOL_VERSION, Health

from backend import __version__


def test_health_tells_strangers_only_protocol_and_version(routes):
    answer = routes.anonymous.get("/v1/health")
    assert answer.json() == {"protocol": PROTOCOL_VERSION, "version": __version__}
    assert loads(Health, answer.content).device is None


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic a-token", "a-token", "Bearer a-tökén"])
def test_everything_else_needs_the_token(routes, authorization):
    for method, path in [("GET", "/v1/jobs"), ("POST", "/v1/images"), ("POST", "/v1/shutdown"), ("GET", "/nothing")]:
        answer = routes.anonymous.request(method, path, headers={"Authorization": authorization.encode("latin-1")})
        problem(answer, "refused", 401)
    assert not routes.stops


@pytest.mark.parametrize("host", ["evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:80", "[::1]:PORT", ""])
def test_other_host_names_are_refused(routes, host):
    problem(routes.http.get("/v1/health", headers={"Host": host.replace("PORT", str(routes.port))}), "refused", 401)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:80", "https://127.0.0.1:PORT"])
def test_web_pages_are_refused(routes, origin):
    problem(routes.http.get("/v1/health", headers={"Origin": origin.replace("PORT", str(routes.port))}), "refused", 401)


@pytest.mark.parametrize("origin", ["127.0.0.1", "localhost"])
def test_our_own_pages_are_not_refused(routes, origin):
    headers = {"Origin": f"http://{origin}:{routes.port}", "Host": f"localhost:{routes.port}"}
    assert routes.http.get("/v1/jobs", headers=headers).status_code == 200


def test_docs_need_no_network_and_no_token(routes):
    page = routes.anonymous.get("/docs")
    assert page.status_code == 200 and "/v1/jobs/{job}/events" in page.text
    assert "http://" not in page.text.replace("http://www.w3.org", "") and "https://" not in page.text


def test_openapi_knows_every_route_and_message(routes):
    told = routes.anonymous.get("/openapi.json").json()
    assert set(told["paths"]) == {
        "/v1/health", "/v1/shutdown", "/v1/images", "/v1/jobs", "/v1/jobs/{job}", "/v1/jobs/{job}/cancel",
        "/v1/jobs/{job}/events", "/v1/jobs/{job}/result", "/v1/jobs/{job}/result.svg", "/v1/jobs/{job}/preview.png",
        "/v1/styles", "/v1/styles/{name}", "/v1/styles/{name}/preview.png", "/v1/styles/{name}/export",
        "/v1/models", "/v1/models/{name}", "/v1/models/{name}/pull", "/v1/styles/{name}/features",
        "/v1/matrices", "/v1/jobs/{job}/rows/{number}", "/v1/refinements",
        "/v1/sequences", "/v1/textures", "/v1/restylings", "/v1/prompts",
        "/v1/jobs/{job}/pictures/{number}", "/v1/jobs/{job}/frames/{number}",
    }  # fmt: skip
    messages = {"SketchRequest", "SketchResult", "JobInfo", "Problem", "Health", "ImageInfo", "StyleInfo", "StyleChange"}
    assert messages <= set(told["components"]["schemas"])
    examples = told["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert examples["full"]["value"]["settings"]["strokes"] == 32


def test_unknown_routes_and_methods_are_problems(routes):
    problem(routes.http.get("/v1/nothing"), "not-found", 404)
    problem(routes.http.put("/v1/jobs"), "bad-request", 405)
    problem(routes.http.get("/v1/jobs/nothing"), "not-found", 404)


def test_shutdown_asks_the_server_to_stop(routes):
    assert routes.http.post("/v1/shutdown").status_code == 202
    assert routes.stops == [True]

"""The stack as it runs: started, looked at, sent through, restarted under load, and checked.

Run by run.sh, in a copy of deploy/. Every step says what it showed; the first thing that is wrong ends
the test with the logs of whoever is concerned.
"""

import email
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from datetime import date, datetime, timedelta, timezone

PEOPLE = 1500
SERVICES = ["scheduler", "email-worker", "sms-worker", "call-worker", "inbound", "console"]
OPEN = "('scheduled', 'queued', 'sending', 'unknown')"


def run(*words, **more):
    """Runs a command and returns what it says; what it complains of is shown when it fails."""
    done = subprocess.run(words, capture_output=True, text=True, **more)
    if done.returncode != 0:
        fail(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout


def is_plugin():
    return subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0


COMPOSE = ["docker", "compose"] if is_plugin() else ["docker-compose"]


def compose(*words, **more):
    return run(*COMPOSE, *words, **more)


def say(text):
    print(f"deploy-test:   {text}", file=sys.stderr, flush=True)


def fail(text):
    print(f"deploy-test: FAILED: {text}", file=sys.stderr, flush=True)
    subprocess.run([*COMPOSE, "ps", "--all"])
    subprocess.run([*COMPOSE, "logs", "--no-color", "--tail=25"])
    sys.exit(1)


def check(true, text):
    if not true:
        fail(text)


def until(what, look, patience):
    """Waits until `look` returns something, at most `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    fail(f"{what}: not within {patience} s")


def containers(service):
    return compose("ps", "--quiet", service).split()


def inspect(container):
    return json.loads(run("docker", "inspect", container))[0]


def health(service):
    states = [inspect(one)["State"] for one in containers(service)]
    return [state.get("Health", {}).get("Status", state["Status"]) for state in states]


def is_healthy(service):
    states = health(service)
    return states and all(state == "healthy" for state in states)


def query(text, login="postgres"):
    """Asks PostgreSQL inside its container, under the login's own password."""
    password = open(f"secrets/postgres/{login}").read().strip()
    return compose(
        "exec", "-T", "-e", f"PGPASSWORD={password}", "postgres",
        "psql", "-h", "127.0.0.1", "-U", login, "-d", "touchline", "-qAtc", text,
    ).strip()


def touchline(*words):
    """Runs the command line as people do; returns its answers, one for each line of JSON."""
    answer = compose("run", "--rm", "-T", "touchline", *words, "--json")
    return [json.loads(line) for line in answer.splitlines() if line.startswith(("{", "["))]


def accepted(log):
    with open(f"log/{log}.jsonl") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def address(service):
    networks = inspect(containers(service)[0])["NetworkSettings"]["Networks"]
    return next(network["IPAddress"] for network in networks.values())


def start():
    os.makedirs("log", exist_ok=True)
    os.chmod("log", 0o777)
    os.makedirs("files", exist_ok=True)
    begun = time.monotonic()
    left_out = os.environ["LEFT_OUT"].split()
    up = ["up", "--detach", "--no-build", "--quiet-pull"]
    if left_out:
        config = json.loads(compose("config", "--format", "json")) if COMPOSE[0] == "docker" else None
        names = config["services"] if config else compose("config", "--services").split()
        # Naming one starts it, whatever its profile.
        others = {"touchline", "compliance", "traces"}
        up += [name for name in names if name not in others and name not in left_out]
    compose(*up)
    for service in ["postgres", "rabbitmq", "mail", "gateway", "prometheus", *SERVICES]:
        until(f"{service} becomes healthy", lambda: is_healthy(service), 180)
    say(f"`up` brought a healthy stack in {time.monotonic() - begun:.0f} s")


def is_locked_down():
    """What compose.yaml promises of every container, read off the engine."""
    for container in compose("ps", "--quiet").split():
        found = inspect(container)
        name, host = found["Name"], found["HostConfig"]
        check(host["ReadonlyRootfs"], f"{name} can write its file system")
        check(host["CapDrop"] == ["ALL"], f"{name} keeps capabilities")
        check("no-new-privileges:true" in host["SecurityOpt"], f"{name} may gain privileges")
        check(not host["Privileged"], f"{name} is privileged")
        if "gateway" in name or "mail" in name:
            continue
        check(host["Memory"] > 0 and host["NanoCpus"] > 0, f"{name} has no limits")
        for setting in found["Config"]["Env"]:
            secret = re.search(r"(PASSWORD|TOKEN|ADDRESS|URL)=.+", setting)
            check(not secret, f"{name} has a secret in its environment: {setting.split('=')[0]}")
        if found["State"]["Running"]:
            user = run("docker", "exec", container, "id", "-u").strip()
            check(user != "0", f"{name} runs as root")
    say("no container runs as root, writes its file system, or has a secret in its environment")


def has_own_logins():
    rows = query(
        """SELECT l.rolname, coalesce(string_agg(r.rolname, ' '), '')
             FROM pg_roles l
             LEFT JOIN pg_auth_members m ON m.member = l.oid
             LEFT JOIN pg_roles r ON r.oid = m.roleid
            WHERE l.rolcanlogin AND l.rolname NOT IN ('postgres', 'touchline') GROUP BY 1"""
    )
    logins = dict(row.split("|") for row in rows.splitlines())
    for login, roles in logins.items():
        check(roles == f"touchline_{login}", f"the login {login} is a member of: {roles}")
    for service in SERVICES:
        check(service.replace("-", "_") in logins, f"{service} has no login of its own")
    refused = subprocess.run(
        [*COMPOSE, "exec", "-T", "postgres", "psql", "-h", "127.0.0.1", "-U", "scheduler", "-w",
         "-d", "touchline", "-c", "SELECT 1"], capture_output=True, text=True)
    check("no password" in refused.stderr, f"somebody logs in without a password: {refused}")
    denied = subprocess.run(
        [*COMPOSE, "exec", "-T", "-e", f"PGPASSWORD={open('secrets/postgres/inbound').read()}",
         "postgres", "psql", "-h", "127.0.0.1", "-U", "inbound", "-d", "touchline", "-c",
         "SET ROLE touchline_operator"], capture_output=True, text=True)
    check("permission denied" in denied.stderr, f"inbound became the operator: {denied}")
    own = query("SELECT rolsuper OR rolbypassrls OR rolreplication FROM pg_roles "
                "WHERE rolname = 'touchline'")
    check(own == "f", "the schema's owner is more than that")
    say(f"{len(logins)} logins, each a member of its own role alone, none without a password")


def noon():
    """A zone in which it is about noon, so that nobody's window is closed."""
    ahead = datetime.now(timezone.utc).hour - 12
    return f"Etc/GMT{ahead:+d}" if ahead else "Etc/GMT"


def add_people(name, first, count):
    with open(f"files/{name}.csv", "w") as file:
        file.write("id,name,email,mobile,address,language,time zone,source,agent_email,agent_name,"
                   "agent_phone\n")
        for n in range(first, first + count):
            language = "ar" if n % 2 else "en"
            file.write(f"d{n},Person {n},d{n}@d{n % 20}.example,+97150{n:07},{n} Marina Walk,"
                       f"{language},{noon()},{name},sara@palm.example,Sara Haddad,+97143210000\n")
    answer = touchline("contacts", "import", f"{name}.csv")[-1]
    check(answer["added"] == count, f"imported: {answer}")


def enrol(name):
    day = date.today() - timedelta(days=3)
    return touchline("enrol", "deployed", "--source", name, "--start", str(day))[-1]["contacts"]


def sends_one():
    loaded = touchline("plans", "load", "deployed")
    check(loaded, "the test's plan is not loaded")
    add_people("one", 0, 1)
    check(enrol("one") == 1, "nobody was enrolled")
    until("the first mail is accepted", lambda: accepted("mails"), 60)
    until("the first text is accepted", lambda: accepted("texts"), 60)
    ended = "SELECT count(*) FROM touches WHERE state IN ('sent')"
    until("three touches have their end", lambda: query(ended) == "3", 60)
    mail = accepted("mails")[0]
    check(mail["recipients"] == ["d0@d0.example"], f"a mail went to {mail['recipients']}")
    check(query("SELECT count(*) FROM tasks") == "1", "the letter became no task")
    say("a contact was imported and enrolled; mail and text were accepted, the letter is a task")


def takes_an_opt_out():
    """One click on the link of the mail, at the port the public edge is reached at."""
    mail = email.message_from_bytes(open("log/mails/1.eml", "rb").read())
    path = urllib.parse.urlparse(re.search(r"<(http[^>]+)>", mail["List-Unsubscribe"])[1]).path
    port = run("docker", "port", containers("inbound")[0], "8080").split(":")[-1].strip()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", b"List-Unsubscribe=One-Click")
    check(urllib.request.urlopen(request, timeout=30).status == 200, "the opt-out was not taken")
    check(query("SELECT count(*) FROM suppressions") == "1", "the opt-out is not on the list")
    say("one click on the mail's link put its recipient on the list")


def shows_the_console():
    """Its page for whoever is not signed in, and the first administrator's link in its log."""
    port = run("docker", "port", containers("console")[0], "8090").split(":")[-1].strip()
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30).read().decode()
    check("<html" in page, f"the console shows: {page[:200]}")
    check("first administrator" in compose("logs", "console"), "no link for the first administrator")
    say("the console answers, and its log has the first administrator's link")


def is_watched():
    base = f"http://{address('prometheus')}:9090/api/v1"

    def ask(expression):
        url = f"{base}/query?query={urllib.request.quote(expression)}"
        return json.load(urllib.request.urlopen(url, timeout=10))["data"]["result"]

    def all_up():
        up = {one["metric"]["job"]: one["value"][1] for one in ask("up")}
        return up if set(up) == {*SERVICES, "rabbitmq", "prometheus"} and set(up.values()) == {"1"} else None

    until("Prometheus reaches every service", all_up, 90)
    until("Prometheus counts the mail", lambda: ask('touchline_touches_total{state="sent"} > 0'), 60)
    rules = json.load(urllib.request.urlopen(f"{base}/rules", timeout=10))["data"]["groups"]
    alerts = [rule for group in rules for rule in group["rules"]]
    check(len(alerts) > 10 and all(rule["health"] != "err" for rule in alerts), f"rules: {alerts}")
    firing = {one["metric"]["alertname"] for one in ask('ALERTS{alertstate="firing"}')}
    check(not firing, f"a healthy stack alerts: {firing}")
    say(f"Prometheus reaches every service and knows {len(alerts)} alerts, none of which fires")


def restarts_under_load():
    add_people("many", 1, PEOPLE)
    check(enrol("many") == PEOPLE, "not everybody was enrolled")
    sent = "SELECT count(*) FROM touches WHERE state = 'sent'"
    until("the load has begun", lambda: int(query(sent)) > 30, 60)
    waiting = "SELECT count(*) FROM touches WHERE state IN ('scheduled', 'queued')"
    rounds, begun = 0, int(query(sent))
    slowest = ("", 0.0)
    while int(query(waiting)) > 500:
        for service in SERVICES:
            check(int(query(waiting)) > 0 or rounds, f"the load was over before {service} was restarted")
            for container in containers(service):
                asked = time.monotonic()
                run("docker", "restart", "--time", "120", container)
                code = inspect(container)["State"]
                check(not code["OOMKilled"], f"{service} was killed")
                slowest = max(slowest, (service, time.monotonic() - asked), key=lambda one: one[1])
            until(f"{service} is back", lambda: is_healthy(service), 90)
        rounds += 1
    check(rounds > 0, "the load was over before anything was restarted")
    check(slowest[1] < 110, f"{slowest[0]} did not stop in order: {slowest[1]:.0f} s")
    say(f"every service restarted {rounds} times, {begun} to {query(sent)} touches sent meanwhile, "
        f"the slowest restart {slowest[1]:.0f} s ({slowest[0]})")


def lost_nothing():
    open_touches = (f"SELECT (SELECT count(*) FROM touches WHERE state IN {OPEN}) + "
                    "(SELECT count(*) FROM outbox) + (SELECT count(*) FROM inflight)")
    until("every touch has its end", lambda: query(open_touches) == "0", 300)
    states = dict(row.split("|") for row in query(
        "SELECT state, count(*) FROM touches GROUP BY 1").splitlines())
    check(states == {"sent": str(3 * (PEOPLE + 1))}, f"touches stand at {states}")
    password = open("secrets/postgres/postgres").read().strip()
    url = f"postgres://postgres:{password}@{address('postgres')}:5432/touchline"
    report = run(os.environ["HISTORY"], url, "--mails", "log/mails.jsonl", "--texts", "log/texts.jsonl")
    for line in report.splitlines()[:1]:
        say(line)
    check(len(accepted("mails")) == PEOPLE + 1, "the catcher has other mails than the database")
    check(len(accepted("texts")) == PEOPLE + 1, "the gateway has other texts than the database")
    compose("run", "--rm", "-T", "touchline", "audit", "verify")
    say("every touch has one recorded end, the sinks accepted what the database says, "
        "and the audit log's chain holds")


def main():
    start()
    is_locked_down()
    has_own_logins()
    sends_one()
    takes_an_opt_out()
    shows_the_console()
    is_watched()
    restarts_under_load()
    lost_nothing()


main()

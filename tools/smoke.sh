#!/usr/bin/env bash
# The README's commands, as a newcomer types them: the cluster in one terminal, three served nodes,
# start.sh in another order and a fourth one that joins, three nodes in eventual mode. Each must answer,
# count on, and leave no process behind.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]:-}"; do [ -n "$pid" ] && kill -TERM "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap cleanup EXIT

# Waits until the node on this port answers reads, at most so many seconds.
ready() {
  local port=$1 limit=${2:-60} at=0
  until curl -fs "http://127.0.0.1:$port/readyz" >/dev/null; do
    at=$((at + 1))
    [ "$at" -lt $((limit * 10)) ] || { echo "port $port did not become ready in $limit s"; tail -n 40 "$scratch"/*.log; exit 1; }
    sleep 0.1
  done
}

# Counts three times over different nodes and wants consecutive numbers and one value everywhere.
counts() {
  local first second third value
  first=$(curl -fsS -X POST "http://127.0.0.1:$1/next")
  second=$(curl -fsS -X POST "http://127.0.0.1:$2/next")
  third=$(curl -fsS -X POST "http://127.0.0.1:$3/next")
  [ "$second" -eq $((first + 1)) ] && [ "$third" -eq $((first + 2)) ] || { echo "numbers: $first $second $third"; exit 1; }
  for port in "$1" "$2" "$3"; do
    value=$(curl -fsS "http://127.0.0.1:$port/get")
    [ "$value" = "{\"counter\":$third}" ] || { echo "port $port says $value, not $third"; exit 1; }
  done
  echo "ports $1 $2 $3 count: $first $second $third"
}

# Waits until the node on this port knows so many voters and nobody else, at most 30 seconds.
voters() {
  local at=0 view
  until view=$(curl -fs "http://127.0.0.1:$1/v1/cluster/members") &&
    [ "$(grep -o '"role":"voter"' <<<"$view" | wc -l)" -eq "$2" ] &&
    [ "$(grep -o '"role":' <<<"$view" | wc -l)" -eq "$2" ]; do
    at=$((at + 1))
    [ "$at" -lt 300 ] || { echo "port $1 does not see $2 voters: $view"; exit 1; }
    sleep 0.1
  done
  echo "port $1 sees $2 voters"
}

# Stops these processes the way Ctrl-C does and wants them gone, with exit code 0 where it is ours.
stop() {
  local signal=$1
  shift
  for pid in "$@"; do kill "-$signal" "$pid" 2>/dev/null || true; done
  for pid in "$@"; do wait "$pid" || { echo "process $pid ended with $?"; exit 1; }; done
  pids=()
}

gone() {
  local at
  for at in $(seq 1 100); do
    curl -s -o /dev/null "http://127.0.0.1:$1/health" || return 0
    sleep 0.1
  done
  echo "something still answers on port $1"
  exit 1
}

echo "npm start"
npm start -- --data-dir "$scratch/start" >"$scratch/start.log" 2>&1 &
pids=($!)
ready 8080 120; ready 8081; ready 8082
counts 8080 8081 8082
# A terminal's Ctrl-C reaches the whole group; here npm alone is told, and nothing may outlive it.
kill -TERM "${pids[0]}"
wait "${pids[0]}" || true
pids=()
for port in 8080 8081 8082; do gone "$port"; done

echo "start.sh 3, 1, 2"
for n in 3 1 2; do
  ./start.sh "$n" --data-dir="$scratch/start-sh-$n" >"$scratch/start-sh-$n.log" 2>&1 &
  pids+=($!)
done
ready 9000; ready 9002; ready 9004
counts 9004 9000 9002

echo "start.sh 4 joins"
./start.sh 4 --data-dir="$scratch/start-sh-4" >"$scratch/start-sh-4.log" 2>&1 &
pids+=($!)
ready 9006
voters 9006 4
counts 9006 9000 9004
stop TERM "${pids[@]}"

# Cold once, then with whatever the runner keeps from the times before.
for round in 1 2 3 4; do
  echo "three npx nx serve node at once, round $round"
  for port in 8090 8091 8092; do
    peers=$(printf '%s\n' 8090 8091 8092 | grep -v "^$port$" | paste -sd, -)
    npx nx serve node --port="$port" --peers="$peers" --data-dir="$scratch/serve-$round-$port" >"$scratch/serve-$port.log" 2>&1 &
    pids+=($!)
  done
  ready 8090 120; ready 8091; ready 8092
  counts 8090 8091 8092
  for pid in $(pgrep -f '^node apps/node/dist/main.js --port=809'); do kill -TERM "$pid"; done
  for port in 8090 8091 8092; do gone "$port"; done
  for pid in "${pids[@]}"; do wait "$pid" || true; done
  pids=()
done

# Waits until all of these ports show this number, at most 10 seconds.
agree() {
  local wanted=$1 port value at
  shift
  for port in "$@"; do
    at=0
    until value=$(curl -fsS "http://127.0.0.1:$port/count") && [ "$value" = "Current Counter: $wanted" ]; do
      at=$((at + 1))
      [ "$at" -lt 100 ] || { echo "port $port says $value, not $wanted"; exit 1; }
      sleep 0.1
    done
  done
  echo "ports $* agree on $wanted"
}

echo "three npx nx serve node --mode=eventual at once"
for port in 8090 8091 8092; do
  peers=$(printf '%s\n' 8090 8091 8092 | grep -v "^$port$" | paste -sd, -)
  npx nx serve node --mode=eventual --port="$port" --peers="$peers" --data-dir="$scratch/eventual-$port" >"$scratch/eventual-$port.log" 2>&1 &
  pids+=($!)
done
ready 8090; ready 8091; ready 8092
for port in 8090 8091 8092; do
  [ "$(curl -fsS -X POST "http://127.0.0.1:$port/increment")" = "Incremented successfully" ]
done
agree 3 8090 8091 8092
for port in 8091 8092; do
  curl -fsS -X POST "http://127.0.0.1:$port/increment?ack=majority" -H "Idempotency-Key: order-4711" >/dev/null
done
agree 4 8090 8091 8092
# One is killed, the others count on, and it knows when it is back.
kill -KILL "$(pgrep -f '^node apps/node/dist/main.js --mode=eventual --port=8092')"
gone 8092
curl -fsS -X POST http://127.0.0.1:8090/increment >/dev/null
node apps/node/dist/main.js --mode=eventual --port=8092 --peers=8090,8091 --data-dir="$scratch/eventual-8092" >"$scratch/eventual-8092.log" 2>&1 &
pids+=($!)
ready 8092
agree 5 8090 8091 8092
for pid in $(pgrep -f '^node apps/node/dist/main.js --mode=eventual --port=809'); do kill -TERM "$pid"; done
for port in 8090 8091 8092; do gone "$port"; done
for pid in "${pids[@]}"; do wait "$pid" || true; done
pids=()

echo "the README's commands work"

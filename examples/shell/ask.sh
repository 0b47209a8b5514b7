#!/bin/sh
# A call with nc and a stream with socat, made and read with jq: `sh ask.sh /run/app.sock`
set -eu
socket=$1

# #region ask
request() {
  jq -nc --arg method "$1" --argjson params "$2" '{jsonrpc: "2.0", id: 1, $method, $params}'
}

request add '[1, 2]' | nc -N -U "$socket" | jq .result
request countdown '[3]' | socat -t 10 - "UNIX-CONNECT:$socket" | jq 'select(.method == "$/item").params.value'
# #endregion

// The shell functions that probe scripts may use, on top of whatever tools the image has: curl, dig and
// a full nc in agnhost; wget, nslookup and mostly a small nc in busybox. Simulated nodes have none of these.

/** Milliseconds, in steps of ten, since the node started: no tool is needed for it. */
const clock = `
now() {
  read -r up rest < /proc/uptime 2>/dev/null || up=0.00
  echo "\${up%.*}\${up#*.}0"
}
has() { command -v "$1" >/dev/null 2>&1; }
`

/**
 * http URL [SECONDS]: the body of a GET; the exit code is 0 for an answer. A statically linked busybox dies
 * of wget -T.
 */
const http = `
http() {
  if has curl; then curl -gsS --noproxy '*' -m "\${2:-3}" "$1"
  elif has timeout; then timeout "\${2:-3}" wget -q -O - "$1"
  else wget -q -T "\${2:-3}" -O - "$1"; fi
}
`

/**
 * udp ADDRESS PORT [TEXT [SECONDS]]: sends one datagram, by default hostname, and prints the answer; the
 * exit code is 1 without one and 3 where the image has nothing that sends datagrams. nc waits for more after
 * the first answer, so it is not waited for.
 */
const udp = `
can_udp() { nc -h 2>&1 | grep -q -e '-u' -e 'u]'; }
udp() {
  if ! can_udp; then echo "$NOTOOL"; return 3; fi
  udpfile=$(mktemp ./udp.XXXXXX); udpin="$udpfile.in"
  printf '%s' "\${3:-hostname}" > "$udpin"
  nc -u -w "\${4:-3}" "$1" "$2" < "$udpin" > "$udpfile" 2>/dev/null &
  udppid=$!; udpleft=$(( \${4:-3} * 10 ))
  while [ ! -s "$udpfile" ] && [ "$udpleft" -gt 0 ]; do sleep 0.1; udpleft=$((udpleft-1)); done
  kill "$udppid" 2>/dev/null; wait "$udppid" 2>/dev/null
  cat "$udpfile"; [ -s "$udpfile" ]; udpcode=$?
  rm -f "$udpfile" "$udpin"
  return "$udpcode"
}
`

/**
 * tcp ADDRESS PORT [SECONDS]: connects; prints connected, refused or timeout, and the milliseconds it took.
 * nc fails alike for both, so the time tells them apart.
 */
const tcp = `
tcp() {
  tcpbegan=$(now); tcpsaid=refused
  if nc -h 2>&1 | grep -q -e '-z' -e 'z]'
  then nc -z -w "\${3:-3}" "$1" "$2" </dev/null >/dev/null 2>&1 && tcpsaid=connected
  else nc -w "\${3:-3}" "$1" "$2" -e /bin/true </dev/null >/dev/null 2>&1 && tcpsaid=connected; fi
  tcptook=$(( $(now) - tcpbegan ))
  if [ "$tcpsaid" = refused ] && [ "$tcptook" -ge $(( \${3:-3} * 900 )) ]; then tcpsaid=timeout; fi
  echo "$tcpsaid $tcptook"
  [ "$tcpsaid" = connected ]
}
`

const space = '[[:space:]]'
const word = '[^[:space:]]'
const digAddresses = `s/^[^;[:space:]]${word}*${space}[0-9]*${space}*IN${space}*$1${space}*//p`
const nslookupAddresses = `/^Name:/,$ s/^Address[ 0-9]*:${space}*\\([0-9a-fA-F.:]*\\).*/\\1/p`

/**
 * resolve TYPE NAME [SERVER]: A or AAAA of a full name: one address per line, or NODATA, NXDOMAIN, SERVFAIL,
 * REFUSED, TIMEOUT.
 */
const resolve = `
resolve() {
  if has dig; then
    answer=$(dig +time=2 +tries=1 +noedns "$1" "$2" \${3:+"@$3"} 2>&1)
    addresses=$(echo "$answer" | sed -n "${digAddresses}")
  else
    answer=$(nslookup -type="$1" "$2" \${3:+"$3"} 2>&1)
    addresses=$(echo "$answer" | sed -n '${nslookupAddresses}')
  fi
  if [ -n "$addresses" ]; then echo "$addresses"; return 0; fi
  case $answer in
    *NXDOMAIN*) echo NXDOMAIN ;;
    *SERVFAIL*) echo SERVFAIL ;;
    *REFUSED*) echo REFUSED ;;
    *"timed out"*|*"no servers could be reached"*|*"no response"*) echo TIMEOUT ;;
    *) echo NODATA ;;
  esac
  return 1
}
`

/**
 * large URL BYTES SECONDS: gets so many bytes from such a server; busybox takes no long questions, agnhost
 * has no files.
 *
 * serve HTTPPORT UDPPORT: answers /hostname, $CLIENTIP and $ECHO<text> over HTTP and hostname, clientip and
 * echo <text> over UDP, in both families, until it is killed. Where nothing can serve, it only stays.
 */
const serve = `
NOTOOL='(no tool)'
CLIENTIP=/clientip; ECHO='/echo?msg='; agnhost=
if [ -x /agnhost ]; then agnhost=/agnhost; elif has agnhost; then agnhost=agnhost
else CLIENTIP=/cgi-bin/clientip; ECHO='/cgi-bin/echo?'; fi
serve() {
  if [ -n "$agnhost" ]; then exec "$agnhost" netexec --http-port="$1" --udp-port="$2" >/dev/null 2>&1; fi
  if ! has httpd; then while :; do sleep 3600; done; fi
  mkdir -p "www.$1/cgi-bin"; hostname > "www.$1/hostname"
  printf '#!/bin/sh\\nprintf "\\\\r\\\\n%%s" "$REMOTE_ADDR"\\n' > "www.$1/cgi-bin/clientip"
  printf '#!/bin/sh\\nprintf "\\\\r\\\\n%%s" "$QUERY_STRING"\\n' > "www.$1/cgi-bin/echo"
  chmod +x "www.$1/cgi-bin/clientip" "www.$1/cgi-bin/echo"
  for size in 1000 10000 100000; do text "$size" > "www.$1/large-$size"; done
  cat > "answer.$2" <<'ANSWER'
text=$(dd bs=65536 count=1 2>/dev/null)
case $text in
  echo\\ *) printf '%s' "\${text#echo }" ;;
  clientip*) printf '%s' "$UDPREMOTEADDR" ;;
  *) hostname ;;
esac
ANSWER
  any=0.0.0.0; if [ -s /proc/net/if_inet6 ]; then any=::; fi
  if has udpsvd; then udpsvd -c 200 "$any" "$2" sh "answer.$2" >/dev/null 2>&1 & fi
  exec httpd -f -p "$1" -h "www.$1" >/dev/null 2>&1
}
text() { head -c "$1" /dev/zero | tr '\\0' x; }
large() { if [ -n "$agnhost" ]; then http "$1$ECHO$(text "$2")" "$3"; else http "$1/large-$2" "$3"; fi; }
can_serve() { [ -n "$agnhost" ] || has httpd; }
`

/**
 * probe KEY COMMAND...: runs it beside the others, eight at a time; settle prints a line for each, with the
 * key, the exit code, the milliseconds and the output, separated by tabs.
 */
const probe = `
probes=0
probe() {
  probes=$((probes+1))
  (
    key=$1; shift; began=$(now)
    said=$("$@" 2>&1); code=$?
    said=$(echo "$said" | tr '\\n\\t' '  ')
    printf '%s\\t%s\\t%s\\t%s\\n' "$key" "$code" "$(( $(now) - began ))" "$said" > "probe.$probes"
  ) &
  if [ $((probes % 8)) = 0 ]; then wait; fi
}
settle() {
  wait
  if [ "$probes" -gt 0 ]; then cat probe.*; rm -f probe.*; fi
  probes=0
}
`

/**
 * until_ok SECONDS COMMAND...: again and again until it succeeds; prints what it said last. gather COUNT
 * TRIES COMMAND...: until it has given so many different answers; prints how many tries failed, and the
 * answers. fqdn NAME NAMESPACE: of a Service, in the cluster's domain.
 */
const repeat = `
until_ok() {
  giveup=$(( $(now) + $1 * 1000 )); shift
  until last=$("$@" 2>&1); do
    if [ "$(now)" -ge "$giveup" ]; then echo "$last"; return 1; fi
    sleep 0.2
  done
  echo "$last"
}
gather() {
  wanted=$1; tries=$2; shift 2; seen=' '; distinct=0; failed=0
  while [ "$tries" -gt 0 ] && [ "$distinct" -lt "$wanted" ]; do
    tries=$((tries-1))
    if one=$("$@" 2>/dev/null) && [ -n "$one" ]; then
      case $seen in *" $one "*) ;; *) seen="$seen$one "; distinct=$((distinct+1)) ;; esac
    else
      failed=$((failed+1)); if [ "$failed" -ge 3 ]; then break; fi
    fi
  done
  echo "$failed$seen"
}
fqdn() {
  domain=$(sed -n 's/^search.*[[:space:]]svc\\.\\([^[:space:]]*\\).*/\\1/p' /etc/resolv.conf)
  echo "$1.$2.svc.\${domain:-cluster.local}"
}
`

export const prelude = [clock, http, udp, tcp, resolve, serve, probe, repeat]
  .map(part => part.trim())
  .join('\n')

# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# redtap.bash - completion of redtap's commands, options and values for bash.
#
# Input: the words of the command line.  Output: COMPREPLY.  It needs nothing
# but bash; the lists are held against the program by a test.

_redtap_commands='attach check health version help'
_redtap_attach='--pid --port --name --user --netns --no-follow --client --service --route --routes --statsd --output
	--metrics --histogram --buckets --phases --interval --duration --max-series --max-connections
	--verbose --help'
_redtap_health='--instance --help'
_redtap_check='--pid --output --phases --max-series --max-connections --verbose --help'

# _redtap_reply WORDS: those that begin with the current word.  Not by compgen -W, which
# would run a process name like $(command).
_redtap_reply() {
	local word words

	read -r -d '' -a words <<<"$1" || true
	for word in "${words[@]}"; do
		[[ $word != "${COMP_WORDS[COMP_CWORD]}"* ]] || COMPREPLY+=("$word")
	done
}

# Process ids, process names, listening ports: of this machine, now.
_redtap_pids() {
	local path

	for path in /proc/[0-9]*; do
		printf '%s\n' "${path##*/}"
	done
}

_redtap_names() {
	local path name

	for path in /proc/[0-9]*/comm; do
		{ IFS= read -r name <"$path"; } 2>/dev/null || continue
		# only kernel threads have longer names
		((${#name} > 15)) || printf '%q\n' "${name//[[:space:]]/?}"
	done
}

_redtap_ports() {
	local address state

	# shellcheck disable=SC2034
	while read -r _ address _ state _; do
		[[ $state == 0A ]] && printf '%d\n' "0x${address##*:}"
	done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}

# The value of the option before the current word; 1: it takes none.
_redtap_value() {
	case $1 in
	-p | --pid | --netns | --instance) _redtap_reply "$(_redtap_pids)" ;;
	--port) _redtap_reply "$(_redtap_ports)" ;;
	--name) _redtap_reply "$(_redtap_names)" ;;
	--user) _redtap_reply "$(compgen -u)" ;;
	--output) _redtap_reply 'table json none' ;;
	--phases) _redtap_reply 'queue,service,send queue,service,send,deliver,accept none' ;;
	--statsd) _redtap_reply 'none udp://127.0.0.1:9125 tcp://127.0.0.1:9125 unix:///' ;;
	--metrics) _redtap_reply 'otel flask' ;;
	--histogram) _redtap_reply 'buckets timer' ;;
	--interval) _redtap_reply '1s 5s 10s 1m' ;;
	--routes) compopt -o default 2>/dev/null || true ;;
	--service | --duration | --buckets | --route | --max-series | --max-connections) ;;
	*) return 1 ;;
	esac
}

_redtap() {
	local command=${COMP_WORDS[1]:-} option=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_redtap_reply "$_redtap_commands"
		return
	fi
	case $command in
	attach | check | health)
		# `--output=json` comes as three words
		[[ $option != = ]] || option=${COMP_WORDS[COMP_CWORD - 2]}
		_redtap_value "$option" && return
		case $command in
		attach) _redtap_reply "$_redtap_attach" ;;
		check) _redtap_reply "$_redtap_check" ;;
		health) _redtap_reply "$_redtap_health" ;;
		esac
		;;
	help) ((COMP_CWORD == 2)) && _redtap_reply "$_redtap_commands" ;;
	esac
}

complete -F _redtap redtap

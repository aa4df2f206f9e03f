# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# report.jq - the instructions of exchanges, compared with the baseline.
#
# Input: the objects that bench_guest prints, as one array.
#   --arg kernel NAME, --arg qemu VERSION      what they were measured on
#   --arg rows, --arg states WORDS             what was asked for
#   --argjson accept BOOLEAN                   the baseline is about to be replaced
#   --slurpfile baseline FILE                  results by kernel, as written below
# Output: { result, baseline (result merged into it), lines, passed, failed }.
# It must not know how anything is measured.

# With the kernel and qemu of the baseline, each total and each difference may grow by this
# share; with others only the differences are compared, and less strictly.
def growth_same: 0.02;
def growth_other: 0.05;
# If the first state differs by more than this at the end, the results are not valid.
def drift_max: 0.01;

def words: split(" ") | map(select(. != ""));
def right($width): tostring | (" " * ([$width - length, 0] | max)) + .;
def left($width): tostring | . + (" " * ([$width - length, 0] | max));
def round1: (. * 10 | round) / 10 | tostring | if test("\\.") then . else . + ".0" end;
def signed: if . >= 0 then "+" + round1 else round1 end;
def percent: (. * 1000 | round) / 10 | if . >= 0 then "+\(.) %" else "\(.) %" end;

def result:
	{ release: (map(.release // empty) | first), qemu: $qemu,
	  rows: (reduce (.[] | select(.state)) as $at ({};
			.[$at.row][$at.state] = ($at | { instructions, spread, programs }))) } as $made
	| reduce (.[] | select(has("drift"))) as $at ($made; .rows[$at.row].drift = $at.drift);

def difference($row; $state): $row[$state].instructions - $row.nothing.instructions;

# Instructions by which a difference may be off.
def noise($row; $state): $row[$state].spread + $row.nothing.spread + ($row.drift | fabs);

# The reasons why this state of this row fails: texts.
def complaints($now; $was; $state; $same):
	(if $same then growth_same else growth_other end) as $growth
	| if $was == null or $was[$state] == null or $was.nothing == null then
		["no baseline: accept this one by UPDATE=1"]
	  else
		[ (if $same and $now[$state].instructions > $was[$state].instructions * (1 + $growth)
		   then "total \($was[$state].instructions | round1) before" else empty end),
		  (if difference($now; $state) >
			difference($was; $state) * (1 + $growth) + noise($now; $state)
		   then "difference \(difference($was; $state) | signed) before" else empty end) ]
	  end;

def state_line($name; $now; $was; $state; $verdict):
	(($name | left(15)) + ($state | left(11)) + ($now[$state].instructions | round1 | right(11))
	+ (if $state == "nothing" then "" else
		(difference($now; $state) | signed | right(11))
		+ ($now[$state].programs | right(10))
		+ (difference($now; $state) / $now[$state].programs | round1 | right(13))
		+ ((if $was[$state] and $was.nothing then
			difference($now; $state) / difference($was; $state) - 1 | percent
		    else "" end) | right(12))
		+ "   " + $verdict
	   end));

def row_lines($name; $now; $was; $same; $states):
	([ $states[] | . as $state
	   | if $now[$state] == null then
		{ bad: true, line: (($name | left(15)) + ($state | left(11)) + " not measured") }
	     elif $state == "nothing" then
		{ bad: (($now.drift | fabs) > drift_max * $now.nothing.instructions),
		  line: state_line($name; $now; $was; $state; "") }
	     else
		complaints($now; $was; $state; $same) as $why
		| { bad: (($why | length) > 0 and ($accept | not)),
		    line: state_line($name; $now; $was; $state;
			if $accept then "accepted" elif $why == [] then "ok"
			else "GROWN: " + ($why | join(", ")) | sub("GROWN: no"; "NO") end) }
	     end ]
	 + (if $now.watched and $now.unwatched then
		# Both ends are on this machine; the client is not watched, so it costs half
		# of `unwatched`.
		[ { side: true, line: (("" | left(15)) + ("server" | left(11)) + ("" | right(11))
			+ ($now.watched.instructions
			   - ($now.unwatched.instructions + $now.nothing.instructions) / 2
			   | signed | right(11)) + "   of `watched`, at the server alone") } ]
	    else [] end)
	 + (if $now.drift then [ { side: true, line: (("" | left(15)) + ("drift" | left(11))
			+ ($now.drift | signed | right(11)) + "   `nothing`, measured again at the end") } ]
	    else [] end));

. as $input
| ($input | result) as $result
| ($baseline[0][$kernel] // null) as $old
| ($old != null and $old.release == $result.release and $old.qemu == $result.qemu) as $same
| [ $rows | words[] | . as $name
    | row_lines($name; $result.rows[$name] // {}; $old.rows[$name] // null; $same;
		$states | words)[] ] as $all
| { result: ($result + { kernel: $kernel }),
    baseline: ($baseline[0]
	+ { ($kernel): (if $same then $old * $result else $result end) }),
    lines: ([ "instructions per exchange (loopback, both ends), kernel \($result.release), qemu \($qemu)" ]
	+ (if $old == null or $same or $accept then [] else
		[ "the baseline is of kernel \($old.release), qemu \($old.qemu): only differences are compared" ] end)
	+ [ ("row" | left(15)) + ("attached" | left(11)) + ("total" | right(11))
	    + ("difference" | right(11)) + ("programs" | right(10)) + ("each program" | right(13))
	    + ("to baseline" | right(12)) ]
	+ ($all | map(.line))),
    passed: ($all | map(select((.side or .bad) | not)) | length),
    failed: ($all | map(select(.bad)) | length) }

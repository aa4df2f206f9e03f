# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# vmlinux_types.awk - from vmlinux.h makes a C file with a variable of each type
# that is read of the kernel's memory, so that the compiler describes them all.
# Input: vmlinux.h, preprocessed without line marks.  Output: C.  A definition
# that is not understood is an error: nothing may be left out.

BEGIN {
	print "#include \"vmlinux.h\""
}

/^#pragma clang attribute push/ {
	inside = 1
	next
}

/^#pragma clang attribute pop/ {
	inside = 0
	next
}

!inside || /^[ \t]/ || /^$/ {
	next
}

/^struct [a-z_0-9]+ \{$/ {
	print "struct " $2 " kernel_" $2 ";"
	count++
	next
}

/^} [a-z_0-9]+;$/ {
	name = substr($2, 1, length($2) - 1)
	print name " kernel_" name ";"
	count++
	next
}

/^};$/ || /^typedef struct \{$/ {
	next
}

{
	print "vmlinux.h: not understood: " $0 > "/dev/stderr"
	failed = 1
	exit
}

END {
	if (failed || inside || !count)
		exit 1
}

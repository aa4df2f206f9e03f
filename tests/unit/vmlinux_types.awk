# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# vmlinux_types.awk - makes a C file with a variable of each type of vmlinux.h that is read
# from kernel memory, so that the compiler describes all of them in BTF.
# Input: vmlinux.h, preprocessed without line markers.  Output: C.  A definition that it
# does not understand is an error, so that no type is left out.

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
	print "vmlinux_types: cannot parse this line of vmlinux.h: " $0 > "/dev/stderr"
	failed = 1
	exit
}

END {
	if (failed || inside || !count)
		exit 1
}

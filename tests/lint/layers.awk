# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# layers.awk - checks what C files include: awk -f layers.awk layers.txt FILE...
#
# Input: the table of layers, and all files of its trees.  Output: a line for each
# fault: file, line, header and rule.  Exit status 0 only if there is none.  It must
# not know a layer by its name.

function fail(place, subject, rule)
{
	printf "%s: '%s': %s\n", place, subject, rule
	failed = 1
}

function tree_of(file,    i)
{
	for (i = 1; i <= count; i++)
		if (index(file, trees[i] "/") == 1)
			return trees[i]
	return ""
}

# "user/base" of user/base/text.c, "user/run" of user/run.h.
function layer_of(file,    tree)
{
	tree = tree_of(file)
	file = substr(file, length(tree) + 2)
	sub(file ~ /\// ? "/[^/]*$" : "[.][ch]$", "", file)
	return tree "/" file
}

# Finds a header as the compiler does: first in the tree of the file that includes it.
function find(tree, header,    i)
{
	if (tree "/" header in known)
		return tree "/" header
	for (i = 1; i <= count; i++)
		if (trees[i] "/" header in known)
			return trees[i] "/" header
	return ""
}

# Whether the table allows the tree's files to include this folder, or the whole tree of it.
function is_let(tree, what)
{
	return index(outside[tree], " " what " ") || index(outside[tree], " " tree_of(what "/") " ")
}

function check(file, place, header,    tree, found, mine, its)
{
	tree = tree_of(file)
	if (header ~ /\.bpf\.h$/ && file !~ /\.bpf\.[ch]$/)
		fail(place, header, "a .bpf.h is included by .bpf.h and .bpf.c alone")
	if (index(outside[tree], " " header " "))
		return
	found = find(tree, header)
	if (found == "") {
		fail(place, header, header ~ /\// ? "there is no such file" : \
		     "name the header's folder too, as in \"base/text.h\"")
		return
	}
	edges[file]++
	edge[file, edges[file]] = found
	edge_place[file, edges[file]] = place
	mine = layer_of(file)
	its = layer_of(found)
	if (mine == its || !(mine in row) || !(its in row))
		return
	if (tree_of(found) != tree) {
		if (!is_let(tree, its))
			fail(place, header, tree "/ must not include " its)
	} else if (row[its] <= row[mine]) {
		fail(place, header, its " stands " (row[its] < row[mine] ? "above " : "beside ") mine)
	}
}

# Follows the includes of a file; state 1: the file is on the way to this one, 2: done.
function follow(file, way,    i, next_file)
{
	state[file] = 1
	for (i = 1; i <= edges[file]; i++) {
		next_file = edge[file, i]
		if (state[next_file] == 1)
			fail(edge_place[file, i], next_file, "a circle of includes:" way " " file)
		else if (!state[next_file])
			follow(next_file, way " " file)
	}
	state[file] = 2
}

BEGIN {
	for (i = 2; i < ARGC; i++)
		known[ARGV[i]] = 1
}

FNR == NR && /^[^#\t]/ {
	trees[++count] = $1
	$1 = $2 = ""
	outside[trees[count]] = $0 " "
}

FNR == NR && /^\t/ {
	rows++
	for (i = 1; i <= NF; i++)
		row[trees[count] "/" $i] = rows
}

FNR != NR && FNR == 1 && !(layer_of(FILENAME) in row) {
	fail(FILENAME ":1", layer_of(FILENAME), "this layer is not in tests/lint/layers.txt")
}

FNR != NR && /^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	check(FILENAME, FILENAME ":" FNR, part[2])
}

END {
	for (i = 2; i < ARGC; i++)
		if (!state[ARGV[i]])
			follow(ARGV[i], "")
	exit failed
}

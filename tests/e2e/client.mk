# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# The load generator build/load.  Its objects are made by the rule in e2e.mk.

LOAD_OBJECTS = $(addprefix $(BUILD)/e2e/http/,load.o http_client.o http_response.o http_tally.o http_load.o)

$(BUILD)/load: $(LOAD_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ -lm

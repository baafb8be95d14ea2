/* command_replies.h - what nodes answer to COMMAND, piece by piece as it is on the wire. */
#ifndef TESTS_UNIT_PROXY_CLUSTER_COMMAND_REPLIES_H
#define TESTS_UNIT_PROXY_CLUSTER_COMMAND_REPLIES_H

#define NAMED(name, arity) "+" name "\r\n:" #arity "\r\n"
#define FLAGS0             "*0\r\n"
#define FLAGS1(a)          "*1\r\n+" a "\r\n"
#define FLAGS2(a, b)       "*2\r\n+" a "\r\n+" b "\r\n"
#define TRIPLE(a, b, c)    ":" #a "\r\n:" #b "\r\n:" #c "\r\n"
#define GROUPS             "*2\r\n+@read\r\n+@slow\r\n"
#define TIPS0              "*0\r\n"
#define TIPS1(a)           "*1\r\n+" a "\r\n"
#define TIPS2(a, b)        "*2\r\n+" a "\r\n+" b "\r\n"
#define SPECS0             "*0\r\n"
#define SPECS1(a)          "*1\r\n" a
#define SPECS2(a, b)       "*2\r\n" a b
#define SPEC(begin, find)                                                                          \
    "*6\r\n+flags\r\n*2\r\n+RO\r\n+access\r\n+begin_search\r\n" begin "+find_keys\r\n" find
#define STEP(type, fields) "*4\r\n+type\r\n+" type "\r\n+spec\r\n" fields
#define INDEX(n)           STEP("index", "*2\r\n+index\r\n:" #n "\r\n")
#define KEYWORD(size, word, n)                                                                     \
    STEP("keyword", "*4\r\n+keyword\r\n$" #size "\r\n" word "\r\n+startfrom\r\n:" #n "\r\n")
#define RANGE(last, step, limit)                                                                   \
    STEP("range",                                                                                  \
         "*6\r\n+lastkey\r\n:" #last "\r\n+keystep\r\n:" #step "\r\n+limit\r\n:" #limit "\r\n")
#define KEYNUM(at, first, step)                                                                    \
    STEP("keynum",                                                                                 \
         "*6\r\n+keynumidx\r\n:" #at "\r\n+firstkey\r\n:" #first "\r\n+keystep\r\n:" #step "\r\n")
#define UNKNOWN STEP("unknown", "*0\r\n")
#define BELOW0  "*0\r\n"

/* As Redis 7.0, 6.0 and 5.0 say it. */
#define COMMAND_7(name, arity, flags, triple, tips, specs, below)                                  \
    "*10\r\n" NAMED(name, arity) flags triple GROUPS tips specs below
#define COMMAND_6(name, arity, flags, triple) "*7\r\n" NAMED(name, arity) flags triple GROUPS
#define COMMAND_5(name, arity, flags, triple) "*6\r\n" NAMED(name, arity) flags triple

#define ONE_KEY_COMMAND(name)                                                                      \
    COMMAND_7(name, 2, FLAGS1("readonly"), TRIPLE(1, 1, 1), TIPS0,                                 \
              SPECS1(SPEC(INDEX(1), RANGE(0, 1, 0))), BELOW0)

#endif

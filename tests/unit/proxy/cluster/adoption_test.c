#include "proxy/cluster/adoption.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { PATIENCE = 30 };

/* One node serves that many slots from the first on. */
static struct topology *picture(const char *id, uint64_t epoch, uint16_t slots, uint16_t first)
{
    struct topology *topology = topology_new();
    struct address address;

    cr_assert_eq(address_set(&address, SPAN("127.0.0.1"), 7000), ADDRESS_OK);
    topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE);
    for (uint16_t slot = first; slot < first + slots; slot++) {
        topology->primary_of_slot[slot] = 0;
    }
    topology->slots_served = slots;
    topology->epoch = epoch;
    return topology;
}

static struct endpoint witness(uint16_t number)
{
    struct address address;
    struct endpoint endpoint;

    cr_assert_eq(address_set(&address, SPAN("127.0.0.1"), number), ADDRESS_OK);
    cr_assert(address_to_endpoint(&address, &endpoint));
    return endpoint;
}

/* A story is a line of words: "E.S@W" is node W saying epoch E with S slots; a letter behind it
 * says more: "m" the slots are others, "f" its cluster is down, "u" it does not tell, "x" it is of
 * another cluster, "s" of another cluster and a seed. "|" is the end of a round, one unit of time
 * after the one before. After each comes what is believed then: "+" the new picture, "-" nothing
 * new. */
struct story {
    const char *name;
    const char *line;
};

struct telling {
    struct adoption adoption;
    uint64_t now;
};

static bool hear(struct adoption *adoption, const char *word, char **end)
{
    uint64_t epoch = strtoull(word, end, 10);
    uint16_t slots = (uint16_t)strtoul(*end + 1, end, 10);
    struct endpoint from = witness((uint16_t)strtoul(*end + 1, end, 10));
    bool is_stranger = **end == 'x' || **end == 's';
    struct statement statement = {
        .topology = picture(is_stranger ? "b" : "a", epoch, slots, **end == 'm'),
        .state = **end == 'f'   ? CLUSTER_STATE_FAIL
                 : **end == 'u' ? CLUSTER_STATE_UNKNOWN
                                : CLUSTER_STATE_OK,
        .witness = &from,
        .is_from_seed = **end == 's',
    };
    *end += strspn(*end, "mfuxs");
    struct topology *believed = adoption_hear(adoption, &statement);
    bool is_believed = believed != NULL;

    cr_expect(is_believed || adoption->doubt != DOUBT_NONE);
    topology_release(&statement.topology);
    topology_release(&believed);
    return is_believed;
}

static bool end_round(struct telling *telling)
{
    struct topology *believed = adoption_end_round(&telling->adoption, telling->now++, PATIENCE);
    bool is_believed = believed != NULL;

    topology_release(&believed);
    adoption_begin_round(&telling->adoption);
    return is_believed;
}

static void tell(const struct story *story, struct topology *remembered)
{
    struct telling telling = {.now = 1};
    const char *at = story->line;

    adoption_init(&telling.adoption, remembered);
    adoption_begin_round(&telling.adoption);
    while (*at != '\0') {
        bool is_believed;
        char *end;

        if (*at == '|') {
            is_believed = end_round(&telling);
            end = (char *)at + 1;
        } else {
            is_believed = hear(&telling.adoption, at, &end);
        }
        cr_assert(*end == '+' || *end == '-', "a mistake in the story: %s", end);
        cr_expect_eq(is_believed, *end == '+', "%s: at '%s'", story->name, at);
        at = end + 1 + strspn(end + 1, " ");
    }
    adoption_clear(&telling.adoption);
}

static const struct story stories[] = {
    {"the first picture is believed", "5.10@1+"},
    {"so is the same again", "5.10@1+ 5.10@1+ 5.10@2+"},
    {"so is a newer one", "5.10@1+ 6.10@2+"},
    {"so is one with more slots", "5.10@1+ 5.11@2+"},
    {"what is believed becomes the measure", "5.10@1+ 6.10@2+ 5.10@1-"},

    {"an older one needs three nodes", "5.10@1+ 4.10@2- 4.10@3- 4.10@4+"},
    {"which are different nodes", "5.10@1+ 4.10@2- 4.10@2- 4.10@2- 4.10@3- 4.10@3- 4.10@4+"},
    {"in a row", "5.10@1+ 4.10@2- 4.10@3- 5.10@1+ 4.10@4- 4.10@2- 4.10@3+"},
    {"or a round in which nobody contradicts", "5.10@1+ 4.10@2- |+"},
    {"they may have seen different old pictures", "5.10@1+ 3.10@2- 4.9@3- 2.10@4+"},
    {"silence alone changes nothing", "5.10@1+ |- |- |-"},
    {"a doubt of an earlier round is no answer of this one", "5.10@1+ 5.9@2- |- |- |-"},

    {"fewer slots need two nodes", "5.10@1+ 5.9@2- 5.9@3+"},
    {"also with a newer epoch", "5.10@1+ 6.9@2- 6.9@3+"},
    {"which are different nodes too", "5.10@1+ 5.9@2- 5.9@2- 5.9@3+"},
    {"and say the same", "5.10@1+ 5.8@2- 5.9@3- 5.8@4- 5.9@4+"},
    {"or the same again in the next round", "5.10@1+ 5.9@2- |- 5.9@2- |+"},
    {"but not another such picture", "5.10@1+ 5.9@2- |- 5.8@2- |- 5.8@2- |+"},
    {"a contradiction forgets the round before", "5.10@1+ 5.9@2- |- 5.10@1+ 5.9@2- |-"},
    {"older and fewer are different doubts", "5.10@1+ 5.9@2- 4.10@3- 5.9@4+"},

    {"fewer slots contradict an older epoch", "5.10@1+ 5.9@2- 4.10@3- |-"},
    {"whoever speaks first", "5.10@1+ 4.10@3- 5.9@2- |-"},
    {"and however many nodes say it", "5.10@1+ 5.9@2- 4.10@3- 4.10@4- 4.10@5- |-"},
    {"until the next round, which knows nothing of it", "5.10@1+ 5.9@2- 4.10@3- |- 4.10@3- |+"},

    {"a picture of a cluster that is down needs a round", "5.10@1+ 6.11@2f- |+"},
    {"unless it is the one in use", "5.10@1+ 6.10@2f+"},
    {"in which nobody's works", "5.10@1+ 6.11@2f- 5.10@3+ |-"},
    {"also the first one", "5.10@1f- |+"},
    {"which another node may overtake", "5.10@1f- 4.9@2+"},
    {"however many say so", "5.10@1+ 6.11@2f- 6.11@3f- 6.11@4f- 6.11@5f-"},
    {"and never when it is older", "5.10@1+ 4.11@2f- |- 4.11@2f- |-"},
    {"an older one that works goes before", "5.10@1+ 6.11@2f- 4.10@3- |+ 4.10@3+"},
    {"what it says is no measure", "5.10@1+ 9.11@2f- |+ 6.11@3+ 6.11@4+ 5.11@4-"},
    {"nor does its agreement raise the measure", "5.10@1+ 9.10@2f+ 6.10@3+"},
    {"a node that does not tell is believed", "0.10@1u+ 0.11@1u+"},

    {"moved slots are believed", "5.10@1+ 5.10@1m+"},
    {"but not that they are back without a new epoch", "5.10@1+ 5.10@1m+ 5.10@2- 5.10@1m+ |-"},
    {"unless two nodes say so", "5.10@1+ 5.10@1m+ 5.10@2- 5.10@2- 5.10@3+"},
    {"or nobody contradicts in a round", "5.10@1+ 5.10@1m+ 5.10@2- |+"},
    {"with a new epoch they may be back", "5.10@1+ 5.10@1m+ 6.10@2+"},

    {"another cluster is not believed at once", "5.10@1+ 9.99@2x- 9.99@3x- 9.99@4x- |-"},
    {"nor ever, unless a seed says so",
     "5.10@1+ 9.9@2x- |- 9.9@2x- |- 9.9@2x- |- 9.9@2x- |- 9.9@2x- |- 9.9@2x- |- 9.9@2x- |-"},
    {"nor while ours answers", "5.10@1+ 9.99@2s- 5.10@1+ 9.99@2s- 4.10@1- |+"},
};

Test(adoption, believes_as_the_table_says)
{
    for (size_t at = 0; at < ARRAY_LEN(stories); at++) {
        tell(&stories[at], NULL);
    }
}

/* The file knows node "a", at epoch 5. */
static const struct story stories_of_a_memory[] = {
    {"what is remembered confirms", "5.10@1+"},
    {"newer ones too", "6.10@1+"},
    {"a stale seed waits for the others", "4.10@1- 5.10@2+"},
    {"who may be silent", "4.10@1- |+"},
    {"a node that is down likewise", "5.10@1f- |+"},
    {"another cluster is believed from a seed, when nobody else answers", "9.9@1s- |+ 9.9@1s+"},
    {"but not while one of ours does", "9.9@1s- 4.10@2- |+ 9.9@1s- |-"},
    {"and from an address that changed hands never", "9.9@1x- |- 9.9@1x- |- 9.9@1x- |-"},
};

Test(adoption, starts_from_what_is_remembered)
{
    struct topology *remembered = picture("a", 5, 0, 0);

    for (size_t at = 0; at < ARRAY_LEN(stories_of_a_memory); at++) {
        tell(&stories_of_a_memory[at], remembered);
    }
    topology_release(&remembered);
}

/* Rounds of strangers from a seed, `apart` from each other, until one is believed. */
static uint32_t rounds_until_believed(uint64_t apart, bool with_silence)
{
    struct adoption adoption;
    struct topology *ours = picture("a", 5, 10, 0);
    struct topology *theirs = picture("b", 9, 10, 0);
    struct endpoint from = witness(1);
    struct statement statement = {ours, CLUSTER_STATE_OK, &from, true};
    struct topology *believed;
    uint32_t rounds = 0;
    uint64_t now = 100;

    adoption_init(&adoption, NULL);
    believed = adoption_hear(&adoption, &statement);
    cr_expect_eq(believed, ours);
    statement.topology = theirs;
    for (topology_release(&believed); believed == NULL && rounds < 100; rounds++, now += apart) {
        adoption_begin_round(&adoption);
        if (with_silence && rounds % 2 == 1) {
            cr_expect_null(adoption_end_round(&adoption, now, PATIENCE));
            continue;
        }
        cr_assert_null(adoption_hear(&adoption, &statement));
        cr_expect_eq(adoption.doubt, DOUBT_STRANGER);
        believed = adoption_end_round(&adoption, now, PATIENCE);
    }
    cr_expect_eq(believed, theirs);
    topology_release(&believed);
    topology_release(&ours);
    topology_release(&theirs);
    adoption_clear(&adoption);
    return rounds;
}

Test(adoption, another_cluster_behind_a_seed_is_believed_when_nothing_else_was_heard_for_long)
{
    cr_expect_eq(rounds_until_believed(1, false), 1 + PATIENCE);
    cr_expect_eq(rounds_until_believed(10, false), 4);
    cr_expect_eq(rounds_until_believed(10 * PATIENCE, false), 3);
    cr_expect_eq(rounds_until_believed(PATIENCE, true), 5);
}

Test(adoption, of_older_pictures_the_newest_is_used)
{
    struct adoption adoption;
    struct endpoint from[] = {witness(1), witness(2), witness(3)};
    struct topology *said[] = {picture("a", 5, 10, 0), picture("a", 4, 10, 0),
                               picture("a", 3, 10, 0)};
    struct topology *believed;

    adoption_init(&adoption, NULL);
    adoption_begin_round(&adoption);
    for (size_t at = 0; at < ARRAY_LEN(said); at++) {
        struct statement statement = {said[at], CLUSTER_STATE_OK, &from[at], false};

        believed = adoption_hear(&adoption, &statement);
        cr_expect_eq(believed != NULL, at == 0);
        topology_release(&believed);
    }
    believed = adoption_end_round(&adoption, 1, PATIENCE);
    cr_expect_eq(believed, said[1]);
    cr_expect_eq(adoption.doubt, DOUBT_OLDER);
    topology_release(&believed);
    for (size_t at = 0; at < ARRAY_LEN(said); at++) {
        topology_release(&said[at]);
    }
    adoption_clear(&adoption);
}

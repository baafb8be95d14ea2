#include "proxy/cluster/adoption.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct topology *picture(uint64_t epoch, uint16_t slots)
{
    struct topology *topology = topology_new();
    struct address address;

    cr_assert_eq(address_set(&address, SPAN("127.0.0.1"), 7000), ADDRESS_OK);
    topology_add_node(topology, "a", &address, NODE_PRIMARY, NODE_NONE);
    for (uint16_t slot = 0; slot < slots; slot++) {
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

/* A story is a line of words: "E.S@W" is node W saying epoch E with S slots, "|" is the end of a
 * round; after each comes what is believed then: "+" the new picture, "-" nothing new. */
struct story {
    const char *name;
    const char *line;
};

static bool hear(struct adoption *adoption, uint64_t epoch, uint16_t slots, uint16_t node)
{
    struct topology *said = picture(epoch, slots);
    struct endpoint from = witness(node);
    struct topology *believed = adoption_hear(adoption, said, &from);
    bool is_believed = believed != NULL;

    topology_release(&said);
    topology_release(&believed);
    return is_believed;
}

static bool end_round(struct adoption *adoption)
{
    struct topology *believed = adoption_end_round(adoption);
    bool is_believed = believed != NULL;

    topology_release(&believed);
    adoption_begin_round(adoption);
    return is_believed;
}

static void tell(const struct story *story)
{
    struct adoption adoption;
    const char *at = story->line;

    adoption_init(&adoption);
    adoption_begin_round(&adoption);
    while (*at != '\0') {
        bool is_believed;
        char *end;

        if (*at == '|') {
            is_believed = end_round(&adoption);
            end = (char *)at + 1;
        } else {
            uint64_t epoch = strtoull(at, &end, 10);
            uint16_t slots = (uint16_t)strtoul(end + 1, &end, 10);
            uint16_t node = (uint16_t)strtoul(end + 1, &end, 10);
            is_believed = hear(&adoption, epoch, slots, node);
        }
        cr_assert(*end == '+' || *end == '-', "a mistake in the story: %s", end);
        cr_expect_eq(is_believed, *end == '+', "%s: at '%s'", story->name, at);
        at = end + 1 + strspn(end + 1, " ");
    }
    adoption_clear(&adoption);
}

static const struct story stories[] = {
    {"the first picture is believed", "5.10@1+"},
    {"so is the same again", "5.10@1+ 5.10@1+ 5.10@2+"},
    {"so is a newer one, however few slots it has", "5.10@1+ 6.1@2+"},
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
    {"which are different nodes too", "5.10@1+ 5.9@2- 5.9@2- 5.9@3+"},
    {"or the same again in the next round", "5.10@1+ 5.9@2- |- 5.9@2- |+"},
    {"but not another such picture", "5.10@1+ 5.9@2- |- 5.8@2- |- 5.8@2- |+"},
    {"a contradiction forgets the round before", "5.10@1+ 5.9@2- |- 5.10@1+ 5.9@2- |-"},
    {"older and fewer are different doubts", "5.10@1+ 5.9@2- 4.10@3- 5.9@4- 5.9@2+"},
};

Test(adoption, believes_as_the_table_says)
{
    for (size_t at = 0; at < ARRAY_LEN(stories); at++) {
        tell(&stories[at]);
    }
}

Test(adoption, of_older_pictures_the_newest_is_used)
{
    struct adoption adoption;
    struct endpoint from[] = {witness(2), witness(3)};
    struct topology *newer = picture(4, 10);
    struct topology *older = picture(3, 10);

    adoption_init(&adoption);
    adoption_begin_round(&adoption);
    cr_assert(hear(&adoption, 5, 10, 1));
    cr_assert_null(adoption_hear(&adoption, newer, &from[0]));
    cr_assert_null(adoption_hear(&adoption, older, &from[1]));
    struct topology *believed = adoption_end_round(&adoption);
    cr_expect_eq(believed, newer);

    topology_release(&believed);
    topology_release(&newer);
    topology_release(&older);
    adoption_clear(&adoption);
}

#include "tests/support/pki.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"

enum { PATHS_MAX = 256, HOUR = 3600, DAY = 24 * HOUR };

struct pki {
    char folder[64];
    char *paths[PATHS_MAX];
    size_t path_count;
    long serial;
};

struct pki *pki_new(void)
{
    struct pki *pki = memory_new(1, sizeof *pki);

    strcpy(pki->folder, "/tmp/slotway-certificates-XXXXXX");
    CHECK(mkdtemp(pki->folder) != NULL);
    return pki;
}

const char *pki_path(struct pki *pki, const char *file)
{
    char *path = memory_print("%s%s%s", pki->folder, *file == '\0' ? "" : "/", file);

    CHECK(pki->path_count < PATHS_MAX);
    pki->paths[pki->path_count++] = path;
    return path;
}

void pki_free(struct pki **pki)
{
    struct pki *gone = *pki;
    struct dirent *entry;

    *pki = NULL;
    if (gone == NULL) {
        return;
    }

    DIR *folder = opendir(gone->folder);

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
    rmdir(gone->folder);
    for (size_t i = 0; i < gone->path_count; i++) {
        free(gone->paths[i]);
    }
    free(gone);
}

/* To be closed by close_file, which puts it where it is to be. */
static FILE *open_file(const struct pki *pki, const char *file)
{
    char *path = memory_print("%s/%s.new", pki->folder, file);
    FILE *to = fopen(path, "we");

    CHECK(to != NULL);
    free(path);
    return to;
}

static void close_file(const struct pki *pki, const char *file, FILE *to)
{
    char *before = memory_print("%s/%s.new", pki->folder, file);
    char *path = memory_print("%s/%s", pki->folder, file);

    CHECK(fclose(to) == 0);
    CHECK(rename(before, path) == 0);
    free(before);
    free(path);
}

void pki_write(struct pki *pki, const char *file, const char *text)
{
    FILE *to = open_file(pki, file);

    fputs(text, to);
    close_file(pki, file, to);
}

void pki_copy(struct pki *pki, const char *from, const char *to)
{
    FILE *in = fopen(pki_path(pki, from), "re");
    FILE *out = open_file(pki, to);
    int byte;

    CHECK(in != NULL);
    while ((byte = fgetc(in)) != EOF) {
        fputc(byte, out);
    }
    fclose(in);
    close_file(pki, to, out);
}

static char *file_name(const char *name, const char *ending)
{
    return memory_print("%s.%s", name, ending);
}

static FILE *open_made(struct pki *pki, const char *name, const char *ending)
{
    char *file = file_name(name, ending);
    FILE *from = fopen(pki_path(pki, file), "re");

    CHECK(from != NULL);
    free(file);
    return from;
}

static X509 *read_certificate(struct pki *pki, const char *name)
{
    FILE *from = open_made(pki, name, "pem");
    X509 *certificate = PEM_read_X509(from, NULL, NULL, NULL);

    CHECK(certificate != NULL);
    fclose(from);
    return certificate;
}

static EVP_PKEY *read_key(struct pki *pki, const char *name)
{
    FILE *from = open_made(pki, name, "key");
    EVP_PKEY *key = PEM_read_PrivateKey(from, NULL, NULL, NULL);

    CHECK(key != NULL);
    fclose(from);
    return key;
}

static void add_extension(X509 *certificate, X509 *issuer, int id, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);

    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);

    CHECK(extension != NULL);
    CHECK(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509 *make_unsigned(struct pki *pki, const char *name, EVP_PKEY *key,
                           const struct certificate_options *options)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    const char *common_name = options->common_name == NULL ? name : options->common_name;
    int64_t begins_in = options->begins_in == 0 ? -HOUR : options->begins_in;
    int64_t ends_in = options->ends_in == 0 ? DAY : options->ends_in;

    CHECK(X509_set_version(certificate, X509_VERSION_3) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++pki->serial) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(certificate), begins_in) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(certificate), ends_in) != NULL);
    CHECK(X509_set_pubkey(certificate, key) == 1);
    CHECK(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                     (const unsigned char *)common_name, -1, -1, 0) == 1);
    return certificate;
}

static void make_signed(struct pki *pki, X509 *certificate, EVP_PKEY *key,
                        const struct certificate_options *options)
{
    bool is_own = options->issuer == NULL;
    X509 *issuer = is_own ? certificate : read_certificate(pki, options->issuer);
    EVP_PKEY *issuer_key = is_own ? key : read_key(pki, options->issuer);

    CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
    if (options->is_authority) {
        add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE");
    }
    if (options->alternative != NULL) {
        add_extension(certificate, issuer, NID_subject_alt_name, options->alternative);
    }
    CHECK(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
    if (!is_own) {
        X509_free(issuer);
        EVP_PKEY_free(issuer_key);
    }
}

static void write_key(FILE *to, EVP_PKEY *key, const char *password)
{
    int size = password == NULL ? 0 : (int)strlen(password);

    CHECK(PEM_write_PKCS8PrivateKey(to, key, password == NULL ? NULL : EVP_aes_256_cbc(), password,
                                    size, NULL, NULL) == 1);
}

void pki_make_with(struct pki *pki, const char *name, struct certificate_options options)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    char *certificate_file = file_name(name, "pem");
    char *key_file = file_name(name, "key");

    CHECK(key != NULL);

    X509 *certificate = make_unsigned(pki, name, key, &options);

    make_signed(pki, certificate, key, &options);

    FILE *to = open_file(pki, key_file);

    write_key(to, key, options.password);
    close_file(pki, key_file, to);
    to = open_file(pki, certificate_file);
    CHECK(PEM_write_X509(to, certificate) == 1);
    if (options.has_key_in_certificate) {
        write_key(to, key, options.password);
    }
    close_file(pki, certificate_file, to);
    X509_free(certificate);
    EVP_PKEY_free(key);
    free(certificate_file);
    free(key_file);
}

void pki_make_usual(struct pki *pki)
{
    pki_make(pki, "ca", .is_authority = true);
    pki_make(pki, "server", .issuer = "ca", .alternative = "DNS:localhost,IP:127.0.0.1");
    pki_make(pki, "client", .issuer = "ca");
}

#ifndef PURSER_OPENSSL_SHIM_H
#define PURSER_OPENSSL_SHIM_H

// SHA256_Init and friends are deprecated in favour of EVP, which costs an algorithm fetch and an allocation per digest.
#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif

#include <stdint.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What OpenSSL offers as macros, variadic functions or unions: Swift sees none of these.

// --- SSL_CTX ---

static const uint64_t purser_option_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t purser_option_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t purser_option_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t purser_option_prioritize_chacha = SSL_OP_PRIORITIZE_CHACHA;

static inline void purser_ctx_set_mode(SSL_CTX *context, uint32_t mode) { SSL_CTX_set_mode(context, mode); }
static inline int purser_ctx_set_versions(SSL_CTX *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context, lowest) == 1 && SSL_CTX_set_max_proto_version(context, highest) == 1;
}
static inline int purser_ctx_set_groups(SSL_CTX *context, const char *list) { return SSL_CTX_set1_groups_list(context, list) == 1; }
static inline void purser_ctx_set_session_cache_mode(SSL_CTX *context, long mode) { SSL_CTX_set_session_cache_mode(context, mode); }
static inline void purser_ctx_set_read_ahead(SSL_CTX *context, int on) { SSL_CTX_set_read_ahead(context, on); }
static inline int purser_ctx_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate) == 1;
}
static inline void purser_ctx_set_server_name_callback(
    SSL_CTX *context, int (*callback)(SSL *ssl, int *alert, void *argument), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

// SSL_select_next_proto without its const mismatch. `ours` must outlive the handshake: the choice points into it.
static inline int purser_select_protocol(
    const unsigned char **choice, unsigned char *length, const unsigned char *ours, unsigned int our_length,
    const unsigned char *theirs, unsigned int their_length) {
    return SSL_select_next_proto((unsigned char **)choice, length, ours, our_length, theirs, their_length) == OPENSSL_NPN_NEGOTIATED;
}

// --- Session tickets ---

static inline int purser_set_ticket_mac(EVP_MAC_CTX *mac, const unsigned char *key, size_t length) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, length),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}

// --- Certificates and keys ---

static inline EVP_PKEY *purser_generate_p256_key(void) { return EVP_EC_gen("P-256"); }

static inline int purser_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

// The bytes of the DNS name at `index`, or NULL when the name there is of another kind. Belongs to `names`.
static inline const unsigned char *purser_names_dns(const GENERAL_NAMES *names, int index, int *length) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name == NULL || name->type != GEN_DNS) return NULL;
    *length = ASN1_STRING_length(name->d.dNSName);
    return ASN1_STRING_get0_data(name->d.dNSName);
}

// The bytes of a memory BIO; belong to it.
static inline long purser_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

#endif

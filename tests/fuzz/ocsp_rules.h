// What must hold of OcspQuestion::read() for any bytes whatever. Shared by the fuzz target and by
// the unit test that runs the corpus.
#pragma once

#include <openssl/pem.h>

#include <string_view>

#include "dataplane/base/check.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/ocsp.h"

namespace sallyport {

// The corpus has what `openssl ocsp` said of this certificate; its authority's key is gone.
inline constexpr const char* kOcspAuthority = R"(-----BEGIN CERTIFICATE-----
MIIBTDCB86ADAgECAgEBMAoGCCqGSM49BAMCMA0xCzAJBgNVBAMMAmNhMCAXDTIw
MDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAwWjANMQswCQYDVQQDDAJjYTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABL9UF3f9+ascRVMFLj9qt99c5nrWW732lBC5
ELDaBrQ5pGs3+vnALTXca4cpVh5/RyeXc/QY8/NiGVcgynzm8WmjQjBAMA8GA1Ud
EwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBTNKS1tySQY+sU3
visCgxj2k6Ce2DAKBggqhkjOPQQDAgNIADBFAiEA9zshIsHNrFcSfG1cGutegEy5
VfbACOLsBAEX1lhbJvwCIBHlp/fimFOhCswzu4LC87xd8B+3ltdtcvASQnboB8rY
-----END CERTIFICATE-----
)";
inline constexpr const char* kOcspLeaf = R"(-----BEGIN CERTIFICATE-----
MIIBzjCCAXSgAwIBAgIBAjAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJjYTAgFw0y
MDAxMDEwMDAwMDBaGA8yMDk5MDEwMTAwMDAwMFowFDESMBAGA1UEAwwJbGVhZi50
ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENryE5oIREiVXJiGtUV+9iEoc
sFBr5les65a8Q0d6eiXiXvd0YolTQ9zDH7wputD/p4Lew8OxeO2XKivREesuNaOB
uzCBuDAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggr
BgEFBQcDATAUBgNVHREEDTALgglsZWFmLnRlc3QwLQYIKwYBBQUHAQEEITAfMB0G
CCsGAQUFBzABhhFodHRwOi8vb2NzcC50ZXN0LzAdBgNVHQ4EFgQUAg67lUGc4ZLn
cLwSgzgrAcNw3ZgwHwYDVR0jBBgwFoAUzSktbckkGPrFN74rAoMY9pOgntgwCgYI
KoZIzj0EAwIDSAAwRQIgN6coqAp2B9sCytpOviYuV0cZMIxjQJFMg4Uen8Wt3bUC
IQDc+R/LqU1JZRmrRNrJ78RfKzroz+qUgf4iO+98ms1ngg==
-----END CERTIFICATE-----
)";
inline constexpr int64_t kOcspCorpusTime = 1'900'000'000;  // 2030

inline const OcspQuestion& ocsp_corpus_question() {
  static const OcspQuestion question = [] {
    X509StackPtr leaf = parse_certificates(kOcspLeaf);
    CHECK(leaf && sk_X509_num(leaf.get()) == 1);
    auto made = OcspQuestion::make(sk_X509_value(leaf.get(), 0), nullptr, kOcspAuthority, "");
    CHECK(made.ok());
    return std::move(*made);
  }();
  return question;
}

inline OcspVerdict check_ocsp_response(std::string_view response) {
  const OcspQuestion& question = ocsp_corpus_question();
  OcspAnswer answer = question.read(response, kOcspCorpusTime);
  CHECK((answer.verdict == OcspVerdict::Good) == answer.fault.empty());
  if (answer.verdict != OcspVerdict::Good) {
    CHECK(answer.staple.der.empty());
    return answer.verdict;
  }
  const Staple& staple = answer.staple;
  CHECK(staple.der == response && staple.next_update > kOcspCorpusTime);
  CHECK(staple.this_update < staple.next_update);
  CHECK(question.read(response, staple.next_update - 1).verdict == OcspVerdict::Good);
  CHECK(question.read(response, staple.next_update).verdict == OcspVerdict::Unusable);
  return answer.verdict;
}

}  // namespace sallyport

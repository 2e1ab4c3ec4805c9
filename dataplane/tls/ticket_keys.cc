#include "dataplane/tls/ticket_keys.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

constexpr size_t kSecretSize = 48;

std::string random_secret() {
  std::string secret(kSecretSize, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), kSecretSize) == 1);
  return secret;
}

void wipe(std::string& secret) { explicit_bzero(secret.data(), secret.size()); }

// HKDF's second half (RFC 5869 section 2.3) for one block: the secrets are random already.
void derive(const std::string& secret, std::string_view label, const std::string& policy,
            unsigned char* out, size_t size) {
  std::string info = std::string(label) + '\0' + policy + '\1';
  unsigned char block[EVP_MAX_MD_SIZE];
  unsigned got = 0;
  CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(info.data()), info.size(), block, &got));
  CHECK(size <= got);
  memcpy(out, block, size);
  explicit_bzero(block, sizeof block);
}

}  // namespace

TicketRing::State::~State() {
  for (std::string& secret : secrets) wipe(secret);
}

TicketRing::TicketRing() { replace({random_secret()}, Clock::now()); }
TicketRing::~TicketRing() = default;

void TicketRing::replace(std::vector<std::string> secrets, Clock::time_point now) {
  auto next = std::make_shared<State>();
  next->version = state_ ? state_->version + 1 : 1;
  next->secrets = std::move(secrets);
  if (!state_ || state_->secrets.front() != next->secrets.front()) newest_ = now;
  state_ = std::move(next);
  made_ = now;
}

void TicketRing::use(const std::vector<std::string>& secrets) {
  std::lock_guard lock(mutex_);
  if (secrets.empty()) {
    if (!own_) replace({random_secret()}, Clock::now());
    own_ = true;
  } else {
    if (own_ || state_->secrets != secrets) replace(secrets, Clock::now());
    own_ = false;
  }
}

void TicketRing::rotate(Clock::time_point now) {
  if (!own_ || now - made_ < kPeriod) return;
  // After a long silence nothing that was made before is of use.
  auto missed = static_cast<size_t>((now - made_) / kPeriod);
  std::vector<std::string> secrets = {random_secret()};
  for (const std::string& before : state_->secrets) {
    if (secrets.size() + missed > kKept) break;
    secrets.push_back(before);
  }
  replace(std::move(secrets), now);
}

std::shared_ptr<const TicketRing::State> TicketRing::current(Clock::time_point now) {
  std::lock_guard lock(mutex_);
  rotate(now);
  return state_;
}

TicketRing::Age TicketRing::age(Clock::time_point now) {
  std::lock_guard lock(mutex_);
  rotate(now);
  return {own_, state_->secrets.size(),
          std::chrono::duration_cast<std::chrono::seconds>(now - newest_)};
}

Result<void> TicketRing::check(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() == 48 || secret.size() == 80) continue;
    return Error{"a ticket.key has " + std::to_string(secret.size()) +
                 " bytes: it must be 48 or 80 random ones"};
  }
  return {};
}

TicketKeys::Key::~Key() {
  explicit_bzero(cipher, sizeof cipher);
  explicit_bzero(mac, sizeof mac);
}

std::shared_ptr<const TicketKeys::Keys> TicketKeys::current() {
  std::shared_ptr<const TicketRing::State> ring = ring_->current();
  std::lock_guard lock(mutex_);
  if (keys_ && version_ == ring->version) return keys_;
  auto keys = std::make_shared<Keys>(ring->secrets.size());
  for (size_t i = 0; i < keys->size(); ++i) {
    Key& key = (*keys)[i];
    derive(ring->secrets[i], "ticket name", policy_, key.name, sizeof key.name);
    derive(ring->secrets[i], "ticket cipher", policy_, key.cipher, sizeof key.cipher);
    derive(ring->secrets[i], "ticket mac", policy_, key.mac, sizeof key.mac);
  }
  keys_ = std::move(keys);
  version_ = ring->version;
  return keys_;
}

}  // namespace sallyport
